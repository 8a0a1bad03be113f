/* A deliberately leaking C extension: every call mallocs BYTES bytes, touches
 * each page and forgets the pointer. Ruby's garbage collector never sees it. */
#include <ruby.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 14000
#define BLOCKS 100 /* 100 blocks below the mmap threshold = 1.40 MB exactly */

static VALUE
thumb_render(VALUE self)
{
    for (int i = 0; i < BLOCKS; i++) {
        char *p = malloc(BLOCK);
        if (p == NULL) rb_raise(rb_eNoMemError, "thumbcache: out of memory");
        memset(p, i + 1, BLOCK);
    }
    return SIZET2NUM((size_t)BLOCK * BLOCKS);
}

void
Init_thumbcache(void)
{
    VALUE mod = rb_define_module("Thumbcache");
    rb_define_singleton_method(mod, "render", thumb_render, 0);
}
