/* A rule of nos at work in a C program: minimises the sum of squares of three numbers.
 *
 *     cargo rustc --release --lib --crate-type staticlib
 *     cc -Iinclude examples/optimizer.c target/release/libnos.a -lm -lpthread -ldl -o optimizer
 *     ./optimizer 'powersign(f: cd)'
 */
#include "nos.h"
#include <stdio.h>

static int fail(void) {
    fprintf(stderr, "%s\n", nos_last_error());
    return 1;
}

int main(int argc, char **argv) {
    enum { LEN = 3, STEPS = 200 };
    float w[LEN] = {1.0f, -2.0f, 3.0f}, g[LEN];
    float *params[] = {w};
    const float *grads[] = {g};
    const size_t lens[] = {LEN};
    const nos_shape shapes[] = {{0, LEN}};
    const nos_settings settings = {.rate = 0.05, .steps = STEPS};
    nos_optimizer *optimizer = nos_optimizer_new(argc > 1 ? argv[1] : "adam", shapes, 1, &settings);
    if (!optimizer) return fail();
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < LEN; i++) g[i] = 2 * w[i];
        if (nos_optimizer_step(optimizer, params, grads, lens, 1)) return fail();
    }
    nos_optimizer_free(optimizer);
    printf("%g %g %g\n", w[0], w[1], w[2]);
    return 0;
}
