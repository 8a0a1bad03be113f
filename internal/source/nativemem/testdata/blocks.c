/* Blocks of many sizes in several arenas, some freed. Each line of its input is a
   command: "info" tells what glibc counts, "trim" gives memory back, "end" ends. */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCKS 60000
static void **kept[5];
static pthread_barrier_t made, over;

static void fill(int me) {
  unsigned seed = 7 + me;
  void **b = kept[me] = malloc(BLOCKS * sizeof *b);
  for (int i = 0; i < BLOCKS; i++) {
    size_t n = 16 + rand_r(&seed) % 2000;
    if (i % 500 == 0) n = 20000 + rand_r(&seed) % 60000;
    b[i] = memset(malloc(n), 1, n);
  }
  for (int run = 0; run < BLOCKS; run += 400)
    for (int i = run; i < run + 300; i++) { free(b[i]); b[i] = NULL; }
}

static void *thread(void *arg) {
  fill((int)(long)arg);
  pthread_barrier_wait(&made);
  pthread_barrier_wait(&over);
  return NULL;
}

/* A list in a static variable, and blocks that nothing points to any more. */
struct node { struct node *next; char rest[992]; };
static struct node *list;
static __attribute__((noinline)) void plant(int leaked, int reachable) {
  for (int i = 0; i < leaked; i++) memset(malloc(1000), 0x5a, 1000);
  for (int i = 0; i < reachable; i++) {
    struct node *n = calloc(1, sizeof *n);
    n->next = list;
    list = n;
  }
}
static __attribute__((noinline)) void scrub(void) { volatile char room[65536]; memset((char *)room, 0, sizeof room); }

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IONBF, 0);
  if (argc > 2) {
    plant(atoi(argv[1]), atoi(argv[2]));
    scrub();
    memset(malloc(100), 0, 100);
  } else {
    pthread_t t[4];
    pthread_barrier_init(&made, NULL, 5);
    pthread_barrier_init(&over, NULL, 5);
    for (long i = 0; i < 4; i++) pthread_create(&t[i], NULL, thread, (void *)i);
    fill(4);
    for (int i = 0; i < 20; i++) memset(malloc(300000), 1, 300000);
    pthread_barrier_wait(&made);
  }
  char line[100];
  printf("ready\n");
  while (fgets(line, sizeof line, stdin)) {
    if (!strncmp(line, "end", 3)) break;
    if (!strncmp(line, "trim", 4)) malloc_trim(0);
    struct mallinfo2 m = mallinfo2();
    printf("%zu %zu %zu %zu %zu\n", m.arena, m.hblks, m.hblkhd, m.uordblks, m.fordblks);
  }
  return 0;
}
