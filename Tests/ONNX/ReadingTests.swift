import ONNX
import Tensors
import Testing

struct ReadingTests {
  /// Two nodes, two initialisers, an attribute of each scalar and list kind, typed and untyped values.
  static let small = model { graph in
    graph.text(2, "small")
    graph.message(1) { node in
      node.text(1, "x")
      node.text(1, "w")
      node.text(1, "")
      node.text(2, "y")
      node.text(3, "Conv_3")
      node.text(4, "Conv")
      node.message(5) {
        $0.text(1, "group"); $0.integer(3, 2); $0.integer(20, 2)
      }
      node.message(5) {
        $0.text(1, "alpha"); $0.float(2, 0.5); $0.integer(20, 1)
      }
      node.message(5) {
        $0.text(1, "mode"); $0.text(4, "linear"); $0.integer(20, 3)
      }
      node.message(5) {
        $0.text(1, "pads"); $0.packed(8, [1, -1, 300]); $0.integer(20, 7)
      }
      node.message(5) {
        $0.text(1, "axes"); $0.integer(8, 4); $0.integer(8, 5); $0.integer(20, 7)
      }
      node.message(5) {
        $0.text(1, "scales"); $0.float(7, 1.5); $0.float(7, 2.5); $0.integer(20, 6)
      }
      node.message(5) {
        $0.text(1, "empty"); $0.integer(20, 7)
      }
      node.message(5) {
        $0.text(1, "names"); $0.text(9, "a"); $0.text(9, "b"); $0.integer(20, 8)
      }
    }
    graph.message(1) { node in
      node.text(1, "y")
      node.text(2, "z")
      node.text(4, "Relu")
      node.text(7, "ai.onnx")
    }
    graph.message(5) {
      $0.packed(1, [2, 1]); $0.integer(2, 1); $0.text(8, "w"); $0.data(9, [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])
    }
    graph.message(5) {
      $0.integer(1, 2); $0.integer(2, 7); $0.packed(7, [-1, 1 << 40]); $0.text(8, "shape")
    }
    graph.message(11) { value in
      value.text(1, "x")
      value.message(2) { type in
        type.message(1) { tensor in
          tensor.integer(1, 1)
          tensor.message(2) { shape in
            shape.message(1) { $0.text(2, "batch") }
            shape.message(1) { $0.integer(1, 3) }
            shape.message(1) { _ in }
          }
        }
      }
    }
    graph.message(12) { $0.text(1, "z") }
  }

  @Test func `a model's names, attributes, types and constants are read`() throws {
    let model = try ONNXModel(bytes: Self.small)
    #expect(model.irVersion == 8)
    #expect(model.producerName == "tests")
    #expect(model.opsetImports == ["": 13])
    #expect(model.graph.name == "small")
    #expect(model.graph.nodes.map(\.opType) == ["Conv", "Relu"])
    #expect(model.graph.nodes[1].domain == "")
    let node = model.graph.nodes[0]
    #expect(node.inputs == ["x", "w", ""])
    #expect(node.outputs == ["y"])
    #expect(
      node.attributes == [
        "group": .integer(2), "alpha": .float(0.5), "mode": .string("linear"), "pads": .integers([1, -1, 300]), "axes": .integers([4, 5]),
        "scales": .floats([1.5, 2.5]), "empty": .integers([]), "names": .strings(["a", "b"]),
      ])
    #expect(model.graph.initialisers.map(\.name) == ["w", "shape"])
    #expect(model.graph.initialisers[0].tensor == HostTensor([Float(1), 2], dimensions: [2, 1]))
    #expect(model.graph.initialisers[1].tensor == HostTensor([Int64(-1), 1 << 40], dimensions: [2]))
    #expect(model.graph.inputs[0].dataType?.elementType == .float32)
    #expect(model.graph.inputs[0].dimensions == [.symbol("batch"), .size(3), .unknown])
    #expect(model.graph.outputs[0].dimensions == nil)
    #expect(model.graph.outputs[0].dataType == nil)
  }

  @Test func `a body graph in an attribute is read`() throws {
    let bytes = model { graph in
      graph.message(1) { node in
        node.text(4, "If")
        node.message(5) { attribute in
          attribute.text(1, "then_branch")
          attribute.integer(20, 5)
          attribute.message(6) { body in body.message(1) { $0.text(4, "Identity") } }
        }
      }
    }
    guard case .graph(let body)? = try ONNXModel(bytes: bytes).graph.nodes[0].attributes["then_branch"] else {
      Issue.record("no graph")
      return
    }
    #expect(body.nodes.map(\.opType) == ["Identity"])
  }

  static let typed: [(code: Int64, field: Int, values: [Int64], expected: HostTensor)] = [
    (3, 5, [-1, 127], HostTensor([Int8(-1), 127], dimensions: [2])),
    (2, 5, [0, 255], HostTensor([UInt8(0), 255], dimensions: [2])),
    (5, 5, [-2, 3], HostTensor([Int16(-2), 3], dimensions: [2])),
    (4, 5, [65535, 3], HostTensor([UInt16(65535), 3], dimensions: [2])),
    (6, 5, [-2, 3], HostTensor([Int32(-2), 3], dimensions: [2])),
    (9, 5, [0, 1], HostTensor(elementType: .bool, dimensions: [2], bytes: [0, 1])),
    (10, 5, [0x3C00, 0xC000], HostTensor([Float(1), -2], dimensions: [2]).converted(to: .float16)),
    (16, 5, [0x3F80, 0xC000], HostTensor([Float(1), -2], dimensions: [2])),
    (7, 7, [-2, 3], HostTensor([Int64(-2), 3], dimensions: [2])),
    (12, 11, [4_294_967_295, 3], HostTensor([UInt32.max, 3], dimensions: [2])),
    (13, 11, [-1, 3], HostTensor([UInt64.max, 3], dimensions: [2])),
  ]

  @Test(arguments: typed.indices) func `typed fields hold what their type says`(index: Int) throws {
    let (code, field, values, expected) = Self.typed[index]
    let packed = modelWithTensor {
      $0.packed(1, [2]); $0.integer(2, code); $0.packed(field, values)
    }
    #expect(try ONNXModel(bytes: packed).graph.initialisers[0].tensor == expected)
    let unpacked = modelWithTensor { tensor in
      tensor.integer(1, 2)
      tensor.integer(2, code)
      for value in values { tensor.integer(field, value) }
    }
    #expect(try ONNXModel(bytes: unpacked).graph.initialisers[0].tensor == expected)
  }

  @Test func `raw bfloat16 widens to float32, and raw truth values become 0 or 1`() throws {
    let wide = modelWithTensor {
      $0.packed(1, [2]); $0.integer(2, 16); $0.data(9, [0x80, 0x3F, 0x00, 0xC0])
    }
    #expect(try ONNXModel(bytes: wide).graph.initialisers[0].tensor == HostTensor([Float(1), -2], dimensions: [2]))
    let truth = modelWithTensor {
      $0.packed(1, [2]); $0.integer(2, 9); $0.data(9, [0, 7])
    }
    #expect(try ONNXModel(bytes: truth).graph.initialisers[0].tensor.bytes == [0, 1])
  }
}
