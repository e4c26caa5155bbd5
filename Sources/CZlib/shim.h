#include <zlib.h>
#include <string.h>

/* The zlib initialisers are macros that pass the header version, which Swift cannot call. */
static inline int tributary_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

static inline int tributary_deflate_init(z_stream *stream, int level, int window_bits) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
}
