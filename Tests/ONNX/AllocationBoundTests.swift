import CAllocationCounter
import ONNX
import Testing

/// What reading a hostile file may take: at most 160 bytes for each byte of the file, and 64 KiB.
struct AllocationBoundTests {
  private func peak(reading bytes: [UInt8]) -> Int {
    allocation_peak_mark()
    _ = try? ONNXModel(bytes: bytes, name: "model.onnx")
    return Int(allocation_peak())
  }

  private func isBounded(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
    let peak = peak(reading: bytes)
    #expect(peak <= 160 * bytes.count + 65536, "\(peak) bytes for a file of \(bytes.count)", sourceLocation: sourceLocation)
  }

  private static func repeated(_ count: Int, _ part: (inout ProtobufWriter) -> Void) -> [UInt8] {
    model { graph in for _ in 0..<count { part(&graph) } }
  }

  @Test(.enabled(if: allocation_counter_works())) func `the counter sees what is taken at once`() {
    allocation_peak_mark()
    let block = [UInt8](repeating: 1, count: 1 << 20)
    let peak = Int(allocation_peak())
    #expect(block.count == 1 << 20 && (1 << 20...(1 << 20) + 8192).contains(peak), "\(peak)")
  }

  @Test(.enabled(if: allocation_counter_works())) func `tensors that claim more than they have`() {
    for dimensions in [[Int64(1) << 40], [1 << 20, 1 << 20], [1 << 62], [1 << 40, 0], [.max], [0, .max]] {
      for type in [Int64(1), 7, 10, 11, 2] {
        isBounded(
          modelWithTensor {
            $0.packed(1, dimensions); $0.integer(2, type)
          })
        isBounded(
          modelWithTensor {
            $0.packed(1, dimensions); $0.integer(2, type); $0.data(9, [1, 2, 3, 4])
          })
        isBounded(
          modelWithTensor {
            $0.packed(1, dimensions); $0.integer(2, type); $0.packed(7, [1, 2, 3])
          })
      }
    }
  }

  @Test(.enabled(if: allocation_counter_works())) func `lengths that reach behind the file`() {
    // A field of any kind that says it has 2^60 bytes.
    for field in 1...20 {
      isBounded([UInt8(field << 3 | 2) & 0x7F, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10])
      isBounded(model { $0.data(field, [0x4A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]) })
    }
  }

  @Test(.enabled(if: allocation_counter_works())) func `very many small parts`() {
    isBounded(Self.repeated(5000) { $0.message(1) { $0.text(4, "A") } })
    isBounded(Self.repeated(5000) { $0.message(1) { $0.text(1, "") } })
    isBounded(Self.repeated(5000) { $0.data(5, []) })
    isBounded(Self.repeated(5000) { $0.message(11) { $0.text(1, "x") } })
    isBounded(Self.repeated(5000) { $0.message(12) { $0.text(1, "") } })
    isBounded(
      Self.repeated(1) {
        $0.message(1) { node in
          node.text(4, "A")
          for index in 0..<3000 {
            node.message(5) {
              $0.text(1, "\(index)"); $0.integer(3, 1); $0.integer(20, 2)
            }
          }
        }
      })
    isBounded(
      modelWithTensor {
        $0.packed(1, [20000]); $0.integer(2, 7); $0.packed(7, [Int64](repeating: 1, count: 20000))
      })
  }

  @Test(.enabled(if: allocation_counter_works())) func `every prefix and every flipped bit of a model`() {
    let whole = ReadingTests.small
    for length in whole.indices { isBounded(Array(whole[..<length])) }
    for position in whole.indices {
      for bit in 0..<8 {
        var bytes = whole
        bytes[position] ^= 1 << bit
        isBounded(bytes)
      }
    }
  }
}
