/* The optimizer of `nos` for C: a rule at work on the parameters of a model.
 *
 * Build the library with `cargo rustc --release --lib --crate-type staticlib` (or `cdylib`).
 *
 * Functions that return int32_t return 0, or -1 where the call was refused; nothing is changed then, and nos_last_error()
 * says why. An optimizer belongs to one call at a time. */
#ifndef NOS_H
#define NOS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nos_optimizer nos_optimizer;

typedef struct nos_shape {
    size_t rows; /* of a matrix; 0 for a vector */
    size_t cols; /* of a matrix, or the length of a vector */
} nos_shape;

typedef struct nos_settings {
    double rate;               /* the learning rate */
    uint64_t steps;            /* steps in all: T in rules and schedules */
    uint64_t seed;             /* of noise and masks */
    const char *schedule;      /* what multiplies the learning rate, as text; NULL for nothing */
    int32_t refuse_not_finite; /* not 0: steps with gradients that are not finite are refused */
} nos_settings;

typedef struct nos_bytes {
    uint8_t *data; /* NULL where there is nothing */
    size_t len;
} nos_bytes;

/* Why the last call of this thread failed that did; valid until the next one that fails. Never NULL. */
const char *nos_last_error(void);

/* A rule such as "adam" or "powersign(f: cd)" before its first step; NULL where that fails. */
nos_optimizer *nos_optimizer_new(const char *rule, const nos_shape *shapes, size_t count, const nos_settings *settings);

/* One step of all parameters, in place. No parameter may overlap another tensor; tensors without elements may be NULL. */
int32_t nos_optimizer_step(nos_optimizer *optimizer, float *const *params, const float *const *grads, const size_t *lens, size_t count);

/* Another learning rate from here on. */
int32_t nos_optimizer_set_rate(nos_optimizer *optimizer, double rate);

/* Steps done so far; 0 for NULL. */
uint64_t nos_optimizer_steps_done(const nos_optimizer *optimizer);

/* All that is remembered, to be given to nos_bytes_free; without data where that fails. */
nos_bytes nos_optimizer_save(nos_optimizer *optimizer);

/* Goes on from what an optimizer of the same rule and shapes has saved, to the bit. */
int32_t nos_optimizer_load(nos_optimizer *optimizer, const uint8_t *data, size_t len);

void nos_bytes_free(nos_bytes bytes);

/* NULL is left alone. */
void nos_optimizer_free(nos_optimizer *optimizer);

#ifdef __cplusplus
}
#endif

#endif
