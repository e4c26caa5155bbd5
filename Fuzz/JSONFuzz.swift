/// JSON that anybody may send: whatever it is, it is refused or read, and what is read is written as itself.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzJSON(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    // What is no JSON is refused; nothing else may come of it.
    guard let value = try? JSONValue(parsing: bytes) else { return 0 }
    for form in [JSONForm.compact, .canonical, .pretty] {
        let again = try? JSONValue(parsing: value.bytes(form))
        precondition(again == value, "what was read is not written as itself")
    }
    return 0
}
