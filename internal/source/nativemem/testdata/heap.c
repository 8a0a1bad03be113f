// A heap to be read from outside: threads with arenas of their own, free and cached
// chunks, blocks with mappings of their own. It says what mallinfo2 and malloc_info say,
// waits for a byte, trims, says so, and waits for the end of its input.
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { threads = 4, blocks = 40000 };

static pthread_barrier_t ready;
static void *volatile keep[threads + 1][blocks];
static void *volatile big[8];
static int large;

static void fill(int t) {
	unsigned seed = 7 + t;
	for (int i = 0; i < blocks; i++) {
		size_t n = 16 + rand_r(&seed) % (i % 50 == 0 ? 20000 : 900);
		keep[t][i] = malloc(n);
		memset(keep[t][i], 0xa5, n);
	}
	for (int i = 0; i < blocks; i++)
		if (rand_r(&seed) % 10 < 6 || (i > blocks / 4 && i < blocks / 2)) {
			free(keep[t][i]);
			keep[t][i] = NULL;
		}
}

// mmap_after_heap makes sbrk fail from now on: main_arena goes on elsewhere.
static void mmap_after_heap(void) {
	uintptr_t end = ((uintptr_t)sbrk(0) + 4095) & ~4095ul;
	if (mmap((void *)end, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		exit(3);
}

static void *volatile many[1500];

static void *work(void *arg) {
	if (arg == NULL && large)
		for (int i = 0; i < 1500; i++)
			many[i] = memset(malloc(120000), 1, 4096);
	fill((int)(intptr_t)arg);
	pthread_barrier_wait(&ready);
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv) {
	setvbuf(stdout, malloc(1 << 16), _IOFBF, 1 << 16);
	setvbuf(stdin, malloc(1 << 12), _IOFBF, 1 << 12);
	for (int i = 0; i < 4; i++)
		big[i] = memset(malloc(300000 + 100000 * i), 1, 100);
	big[4] = memset(aligned_alloc(1 << 16, 900000), 1, 100);
	big[5] = memset(aligned_alloc(256, 700000), 1, 100);
	free(big[1]);
	big[1] = NULL;
	pthread_barrier_init(&ready, NULL, threads + 1);
	large = argc > 1 && !strcmp(argv[1], "large");
	for (intptr_t t = 0; t < threads; t++) {
		pthread_t id;
		pthread_create(&id, NULL, work, (void *)t);
	}
	if (argc > 1 && !strcmp(argv[1], "gap"))
		for (int i = 0; i < 4; i++) {
			keep[threads][i] = malloc(100000);
			if (sbrk(8192 + 48) == (void *)-1)
				return 2;
		}
	if (argc > 1 && !strcmp(argv[1], "split")) {
		keep[threads][0] = malloc(100000);
		mmap_after_heap();
	}
	fill(threads);
	pthread_barrier_wait(&ready);
	struct mallinfo2 m = mallinfo2();
	printf("%zu %zu %zu %zu\n", m.hblks, m.hblkhd, m.fordblks, m.fsmblks);
	malloc_info(0, stdout);
	printf("end\n");
	fflush(stdout);
	getchar();
	malloc_trim(0);
	printf("trimmed\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
