import CAllocationCounter
import ModelFormat
import Testing

/// What opening a package may take before anything runs: at most 32 bytes for each byte of the file, and 64 KiB. (The arena
/// comes later, with the session, and has a bound of its own: `Program.largestArena`.)
struct ProgramAllocationTests {
  @Test(.enabled(if: allocation_counter_works()), arguments: TestProgram.all.indices)
  func `no field of a program makes reading and validating it take much memory`(index: Int) {
    let (bytes, fields) = TestProgram.all[index].encodedWithFields()
    for field in fields {
      for value in FieldExtremesTests.extremes(byteCount: field.byteCount) {
        var changed = bytes
        for byte in 0..<field.byteCount { changed[field.offset + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)) }
        allocation_peak_mark()
        if let program = try? Program(decoding: changed) { _ = program.refusal() }
        let peak = Int(allocation_peak())
        #expect(peak <= 32 * changed.count + 65536, "\(peak) bytes for a program of \(changed.count), \(value) at byte \(field.offset)")
      }
    }
  }

  @Test(.enabled(if: allocation_counter_works())) func `a program of very many tensors takes a multiple of its bytes`() {
    var program = TestProgram.fill
    program.tensors = (0..<3000).map { _ in TestProgram.arena("", .float32, [], at: 0) }
    let bytes = program.encoded()
    allocation_peak_mark()
    let decoded = try? Program(decoding: bytes)
    #expect(decoded?.refusal() == nil)
    #expect(Int(allocation_peak()) <= 32 * bytes.count + 65536)
  }
}
