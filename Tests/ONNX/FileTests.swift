import Foundation
import ONNX
import Tensors
import Testing

struct FileTests {
  /// A folder of its own, gone with the test.
  private final class Folder {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("onnx-tests-\(UUID().uuidString)")
    init() throws { try FileManager.default.createDirectory(at: url.appendingPathComponent("data"), withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
      let file = url.appendingPathComponent(name)
      try Data(bytes).write(to: file)
      return file.path
    }
  }

  private func external(_ location: String, offset: String? = nil, length: String? = nil) -> [UInt8] {
    modelWithTensor { tensor in
      tensor.packed(1, [2])
      tensor.integer(2, 2)
      tensor.integer(14, 1)
      for (key, value) in [("location", location), ("offset", offset), ("length", length)] {
        if let value {
          tensor.message(13) {
            $0.text(1, key); $0.text(2, value)
          }
        }
      }
    }
  }

  @Test func `external data is read from below the model's folder`() throws {
    let folder = try Folder()
    _ = try folder.write("data/weights.bin", [9, 9, 1, 2, 9])
    let path = try folder.write("model.onnx", external("data/weights.bin", offset: "2", length: "2"))
    #expect(try ONNXModel(contentsOf: path).graph.initialisers[0].tensor == HostTensor([UInt8(1), 2], dimensions: [2]))
  }

  @Test(arguments: [
    ("../weights.bin", ONNXError.Code.malformed), ("/etc/hostname", .malformed), ("data/../../x", .malformed), ("data", .unreadable),
    ("missing", .unreadable), ("link", .unreadable), ("short", .truncated), ("", .malformed),
    // A mark that joins a slash or a dot to its neighbour in one character.
    ("/\u{301}etc/hostname", .malformed), ("../\u{301}f", .malformed), ("..\u{200D}/../x", .malformed), ("link\u{600}/weights.bin", .unreadable),
  ]) func `external data elsewhere is refused`(location: String, code: ONNXError.Code) throws {
    let folder = try Folder()
    _ = try folder.write("short", [1])
    _ = try folder.write("data/weights.bin", [1, 2])
    try FileManager.default.createSymbolicLink(
      at: folder.url.appendingPathComponent("link"), withDestinationURL: folder.url.appendingPathComponent("data/weights.bin"))
    try FileManager.default.createSymbolicLink(atPath: folder.url.path + "/link\u{600}", withDestinationPath: "data")
    let path = try folder.write("model.onnx", external(location))
    let error = #expect(throws: ONNXError.self) { try ONNXModel(contentsOf: path) }
    #expect(error?.code == code)
    #expect(error?.message.contains("initialiser 'w'") == true)
  }

  @Test(arguments: [("9223372036854775807", "2"), ("-1", "2"), ("x", "2"), ("0", "3")])
  func `external data with impossible positions is refused`(offset: String, length: String) throws {
    let folder = try Folder()
    _ = try folder.write("w", [1, 2])
    let path = try folder.write("model.onnx", external("w", offset: offset, length: length))
    #expect(throws: ONNXError.self) { try ONNXModel(contentsOf: path) }
  }

  @Test func `a missing, an empty and a special file are refused with their path`() throws {
    let folder = try Folder()
    for path in [folder.url.path + "/none.onnx", try folder.write("empty.onnx", []), folder.url.path, "/dev/null"] {
      let error = #expect(throws: ONNXError.self) { try ONNXModel(contentsOf: path) }
      #expect(error?.message.hasPrefix(path) == true)
    }
  }
}

/// The shared folder of real models; nil where it is absent.
let sharedModels: String? = {
  let root = ProcessInfo.processInfo.environment["SWIFTLET_SHARED"] ?? "../shared"
  let path = root + "/models"
  guard FileManager.default.fileExists(atPath: path) else {
    print("SKIPPED: real models are not at \(path); set SWIFTLET_SHARED")
    return nil
  }
  return path
}()

struct RealModelTests {
  @Test(
    .enabled(if: sharedModels != nil),
    arguments: [
      ("fastestdet_352", 11, 211), ("kws_dscnn_fp32", 13, 29), ("kws_dscnn_qdq", 13, 68), ("mobilenet_v2_224_qdq", 13, 339),
      ("moonshine_spelling_cnn", 14, 156), ("moonshine_tinyvad", 14, 44), ("nanodet_m_320", 11, 238), ("quartznet15x5", 13, 530),
      ("resnet8_cifar_fp32", 13, 25), ("resnet8_cifar_qdq", 13, 75), ("silero_vad", 16, 5), ("silero_vad_16k_op15", 15, 121),
      ("ultraface_rfb_320", 9, 242), ("vww_96_fp32", 13, 60), ("vww_96_qdq", 13, 176), ("yolox_nano_416", 11, 369),
    ])
  func `real models are read whole`(stem: String, opset: Int, nodes: Int) throws {
    let model = try ONNXModel(contentsOf: "\(sharedModels!)/\(stem).onnx")
    #expect(model.opsetImports[""] == opset)
    #expect(model.graph.nodes.count == nodes)
    #expect(!model.graph.inputs.isEmpty && !model.graph.outputs.isEmpty)
  }

  @Test(.enabled(if: sharedModels != nil)) func `a real model cut short is refused, and flipped bits never crash`() throws {
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(sharedModels!)/kws_dscnn_qdq.onnx")))
    for length in stride(from: 0, to: whole.count, by: 997) {
      // The graph's length says what is missing; only a cut in what follows the graph could pass.
      if (try? ONNXModel(bytes: Array(whole[..<length]))) != nil { #expect(length > whole.count - 200, "cut at \(length)") }
    }
    for position in stride(from: 0, to: whole.count, by: 499) {
      var bytes = whole
      bytes[position] ^= 1 << UInt8(position % 8)
      _ = try? ONNXModel(bytes: bytes)
    }
  }
}
