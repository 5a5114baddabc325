// A fake of Google's libedgetpu.so.1: a TFLite delegate that takes the operator which Google's
// compiler makes, and computes it as LOGISTIC of int8. FAKE_EDGE_TPU in the environment makes it
// fail: "absent" (no stick), "crash" (in loading), "lost" (in running), "wrong" (other scores).
//
// The structures have the first fields of TensorFlow Lite's core/c/common.h, which are semi-stable:
// new fields come at the ends only. Fields that are not used here have no type.
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct { int size; int data[]; } IntArray;
typedef struct { float scale; int32_t zero_point; } Quantization;
typedef struct {
    int type;
    int8_t *data;
    IntArray *dims;
    Quantization quantization;
    int allocation_type;
    size_t bytes;
    const void *allocation;
    const char *name;
    void *delegate;
    int buffer_handle;
    bool data_is_stale, is_variable;
    struct { int type; void *parameters; } more_quantization;
    void *sparsity;
    const IntArray *dims_signature;
} Tensor;
typedef struct { IntArray *inputs, *outputs; } Node;
typedef struct Context Context;
typedef struct {
    void *(*init)(Context *, const char *, size_t);
    void (*free)(Context *, void *);
    int (*prepare)(Context *, Node *);
    int (*invoke)(Context *, Node *);
    const char *(*profiling_string)(const Context *, const Node *);
    int32_t builtin_code;
    const char *custom_name;
    int version;
    void *external, *async_kernel;
    uint64_t inplace;
} Registration;
typedef struct Delegate {
    void *data;
    int (*prepare)(Context *, struct Delegate *);
    void *copy_from, *copy_to, *free_handle;
    int64_t flags;
    void *builder;
} Delegate;
struct Context {
    size_t tensors_size;
    int (*get_execution_plan)(Context *, IntArray **);
    Tensor *tensors;
    void *implementation, *resize_tensor;
    void (*report_error)(Context *, const char *, ...);
    void *add_tensors;
    int (*get_node)(Context *, int, Node **, Registration **);
    int (*replace_nodes)(Context *, Registration, const IntArray *, Delegate *);
};

static bool fails_by(const char *how) {
    const char *wanted = getenv("FAKE_EDGE_TPU");
    return wanted && !strcmp(wanted, how);
}

static int run(Context *context, Node *node) {
    const Tensor *in = &context->tensors[node->inputs->data[0]];
    const Tensor *out = &context->tensors[node->outputs->data[0]];
    if (fails_by("lost")) {
        context->report_error(context, "USB transfer error");
        return 1;
    }
    for (size_t i = 0; i < out->bytes; i++) {
        float real = in->quantization.scale * (in->data[i] - in->quantization.zero_point);
        float level = roundf(1 / (1 + expf(-real)) / out->quantization.scale);
        level = (fails_by("wrong") ? 255 - level : level) + out->quantization.zero_point;
        out->data[i] = (int8_t)fminf(127, fmaxf(-128, level));
    }
    return 0;
}

static int prepare(Context *context, Delegate *delegate) {
    struct { int size, data[1]; } replaced = {1, {0}};
    IntArray *plan;
    Registration kernel = {.invoke = run, .custom_name = "FakeEdgeTpu", .version = 1};
    context->get_execution_plan(context, &plan);
    for (int i = 0; i < plan->size; i++) {
        Node *node;
        Registration *registration;
        context->get_node(context, plan->data[i], &node, &registration);
        const char *name = registration->custom_name;
        if (name && !strcmp(name, "edgetpu-custom-op")) replaced.data[0] = plan->data[i];
    }
    return context->replace_nodes(context, kernel, (IntArray *)&replaced, delegate);
}

const char *edgetpu_version(void) { return "BuildLabel(N/A), RuntimeVersion(14)"; }

Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count,
                                        void (*report)(const char *)) {
    if (fails_by("crash")) raise(SIGSEGV);
    if (count != 1 || strcmp(keys[0], "device") || strcmp(values[0], "usb")) {
        report("expected the option device=usb");
        return NULL;
    }
    if (fails_by("absent")) return NULL;  // as Google's does: without a report
    Delegate *delegate = calloc(1, sizeof *delegate);
    delegate->prepare = prepare;
    delegate->flags = 1;  // kTfLiteDelegateFlagsAllowDynamicTensors, as Google's
    return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) { free(delegate); }
