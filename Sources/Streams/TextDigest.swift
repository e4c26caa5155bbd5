import Basics
import Crypto

/// Digests of texts, to be compared: what must not be stored itself, or is too long.
package enum TextDigest {
    /// 128 bits of SHA-256 over the texts, each behind its length, in hexadecimal digits.
    package static func of(_ texts: [String]) -> String {
        var hash = SHA256()
        for text in texts {
            let bytes = Array(text.utf8)
            withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: bytes)
        }
        return Hexadecimal.text(hash.finalize().prefix(16))
    }
}
