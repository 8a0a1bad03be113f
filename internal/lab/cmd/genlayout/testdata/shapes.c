// Every sort of member that Ruby's structs have.
typedef unsigned long VALUE;

struct inner {
  char tag;
  VALUE value;
};

typedef struct {
  int x, y;
} pair_t;

typedef struct {
  int __secret;
  int open;
} lock_t;

struct outer {
  VALUE flags;
  struct inner in;
  const pair_t pairs[3];
  union {
    struct {
      long len;
      char *ptr;
    } heap;
    VALUE ary[2];
  } as;
  struct {
    unsigned int mode : 2;
    unsigned int on : 1;
    unsigned int wide : 31;
    unsigned char small : 3;
  } bits;
  union {
    short nameless;
    int other;
  };
  lock_t lock;
  int matrix[2][4];
  struct outer *next;
  VALUE rest[];
};

struct declared;
enum ruby_kind { inner_kind };
struct outer outer;
struct declared *declared;
