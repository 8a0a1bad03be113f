// A leak to be found from outside: 30,000 blocks of 1,000 bytes whose pointers are gone,
// and 3 with mappings of their own, beside 10,000 that a linked list holds, whose head is
// a pointer into the first block, and one that only memory of sbrk points to, and 3 with
// mappings that one of these holds.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct node {
	char name[16];
	struct node *next;
	char body[976];
};

char *volatile held;
static pthread_barrier_t ready;

__attribute__((noinline)) static void leak(int n) {
	for (int i = 0; i < n; i++)
		memset(malloc(1000), 'L', 999);
}

__attribute__((noinline)) static void hold(int n) {
	struct node *head = NULL;
	for (int i = 0; i < n; i++) {
		struct node *s = calloc(1, sizeof *s);
		s->next = head;
		head = s;
	}
	held = head->body;
	head->body[0] = 1;
}

__attribute__((noinline)) static void large(void) {
	void **last = NULL;
	for (int i = 0; i < 3; i++) {
		memset(malloc(300000 + i), 'M', 300000);
		void **own = i == 1 ? aligned_alloc(1 << 14, 400000) : malloc(400000);
		*own = last;
		last = own;
	}
	void **mine = sbrk(4096);
	void **held = malloc(3000);
	held[100] = last;
	mine[10] = held;
}

__attribute__((noinline)) static void cache(void) {
	void *list[2000];
	for (int i = 0; i < 2000; i++)
		list[i] = malloc(24 + i % 90);
	for (int i = 0; i < 2000; i++)
		free(list[i]);
}

__attribute__((noinline)) static void scrub(void) {
	volatile char space[256 << 10];
	memset((char *)space, 0, sizeof space);
}

static void *work(void *arg) {
	leak(10000);
	cache();
	scrub();
	pthread_barrier_wait(&ready);
	for (;;)
		pause();
	return arg;
}

int main(void) {
	setvbuf(stdout, malloc(1 << 12), _IOFBF, 1 << 12);
	setvbuf(stdin, malloc(1 << 12), _IOFBF, 1 << 12);
	pthread_t id;
	pthread_barrier_init(&ready, NULL, 2);
	pthread_create(&id, NULL, work, NULL);
	large();
	hold(10000);
	leak(20000);
	cache();
	scrub();
	pthread_barrier_wait(&ready);
	printf("end\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
