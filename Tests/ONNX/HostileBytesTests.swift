import ONNX
import Testing

struct HostileBytesTests {
  private func error(_ bytes: [UInt8], memoryLimit: Int = 1 << 20) -> ONNXError? {
    do {
      _ = try ONNXModel(bytes: bytes, name: "model.onnx", memoryLimit: memoryLimit)
      return nil
    } catch {
      return error
    }
  }

  @Test func `a file cut short anywhere is refused`() {
    let whole = ReadingTests.small
    #expect(error(whole) == nil)
    for length in 0..<whole.count { #expect(error(Array(whole[..<length])) != nil, "cut at \(length)") }
  }

  @Test func `flipped bits never crash`() {
    for position in ReadingTests.small.indices {
      for bit in 0..<8 {
        var bytes = ReadingTests.small
        bytes[position] ^= 1 << bit
        _ = error(bytes)
      }
    }
  }

  @Test(arguments: 1...50) func `random bytes never crash`(seed: UInt64) {
    var state = seed
    for length in [1, 7, 64, 1000] {
      let bytes = (0..<length).map { _ -> UInt8 in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
      }
      _ = error(bytes)
      _ = error(model { $0.data(5, bytes) })
      _ = error(model { $0.data(1, bytes) })
    }
  }

  @Test func `an error names file, node and attribute`() {
    let bytes = model { graph in
      graph.message(1) { node in
        node.message(5) {
          $0.text(1, "pads"); $0.float(8, 1); $0.integer(20, 7)
        }
        node.text(3, "Conv_3")
        node.text(4, "Conv")
      }
    }
    #expect(error(bytes)?.message.hasPrefix("model.onnx: node 'Conv_3': attribute 'pads': ") == true)
  }

  static let refused: [(name: String, code: ONNXError.Code, bytes: [UInt8])] = [
    ("no bytes", .malformed, []),
    ("no graph", .malformed, [8, 8]),
    (
      "too few raw bytes", .malformed,
      modelWithTensor {
        $0.packed(1, [3]); $0.integer(2, 1); $0.data(9, [1, 2, 3, 4])
      }
    ),
    (
      "too many elements", .malformed,
      modelWithTensor {
        $0.packed(1, [1]); $0.integer(2, 7); $0.packed(7, [1, 2])
      }
    ),
    (
      "too few elements", .malformed,
      modelWithTensor {
        $0.packed(1, [3]); $0.integer(2, 7); $0.packed(7, [1, 2])
      }
    ),
    (
      "a huge tensor without data", .malformed,
      modelWithTensor {
        $0.packed(1, [1 << 40]); $0.integer(2, 1)
      }
    ),
    (
      "dimensions that overflow", .malformed,
      modelWithTensor {
        $0.packed(1, [1 << 40, 1 << 40]); $0.integer(2, 1)
      }
    ),
    (
      "dimensions that overflow around a zero", .malformed,
      modelWithTensor {
        $0.packed(1, [1 << 62, 4, 0]); $0.integer(2, 1)
      }
    ),
    (
      "a negative dimension", .malformed,
      modelWithTensor {
        $0.packed(1, [-1]); $0.integer(2, 1)
      }
    ),
    (
      "very many axes", .tooLarge,
      modelWithTensor {
        $0.packed(1, [Int64](repeating: 1, count: 100)); $0.integer(2, 1)
      }
    ),
    (
      "four-bit integers", .unsupported,
      modelWithTensor {
        $0.packed(1, [2]); $0.integer(2, 22); $0.data(9, [1])
      }
    ),
    (
      "strings", .unsupported,
      modelWithTensor {
        $0.packed(1, [1]); $0.integer(2, 8); $0.text(6, "x")
      }
    ),
    (
      "external data of a model given as bytes", .unsupported,
      modelWithTensor {
        $0.packed(1, [1]); $0.integer(2, 1); $0.integer(14, 1)
      }
    ),
    ("a sparse initialiser", .unsupported, model { $0.data(15, []) }),
    (
      "an attribute twice", .malformed,
      model { graph in
        graph.message(1) { node in
          node.text(4, "Relu")
          for _ in 0..<2 {
            node.message(5) {
              $0.text(1, "a"); $0.integer(3, 1)
            }
          }
        }
      }
    ),
    (
      "an initialiser twice", .malformed,
      model { graph in
        for _ in 0..<2 {
          graph.message(5) {
            $0.text(8, "w"); $0.integer(2, 1); $0.packed(1, [0])
          }
        }
      }
    ),
    ("a node without operator", .malformed, model { $0.message(1) { $0.text(3, "n") } }),
    ("a name that is not UTF-8", .malformed, model { $0.data(2, [0xFF]) }),
  ]

  @Test(arguments: refused.indices) func `what can't be read is refused`(index: Int) {
    let (name, code, bytes) = Self.refused[index]
    #expect(error(bytes)?.code == code, "\(name)")
  }

  @Test func `graphs that nest without end are refused`() {
    var bytes: [UInt8] = []
    for _ in 0..<200 {
      var graph = ProtobufWriter()
      graph.message(1) { node in
        node.text(4, "If")
        node.message(5) {
          $0.text(1, "b"); $0.integer(20, 5); $0.data(6, bytes)
        }
      }
      bytes = graph.bytes
    }
    var whole = ProtobufWriter()
    whole.data(7, bytes)
    #expect(error(whole.bytes)?.code == .tooLarge)
  }

  @Test func `many small parts count against the memory limit`() {
    let bytes = model { graph in
      for _ in 0..<10_000 { graph.message(1) { $0.text(4, "A") } }
    }
    #expect(error(bytes, memoryLimit: 1 << 30) == nil)
    #expect(error(bytes, memoryLimit: 1 << 20)?.code == .tooLarge)
  }

  @Test func `tensors count against the memory limit`() {
    let bytes = modelWithTensor {
      $0.packed(1, [5000]); $0.integer(2, 2); $0.data(9, [UInt8](repeating: 1, count: 5000))
    }
    #expect(error(bytes, memoryLimit: 20_000) == nil)
    #expect(error(bytes, memoryLimit: 4000)?.code == .tooLarge)
  }
}
