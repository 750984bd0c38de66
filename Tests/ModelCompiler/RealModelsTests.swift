import CPUExecution
import Foundation
import Inference
import ModelCompiler
import ModelFormat
import ONNX
import Tensors
import Testing

/// The shared folder of real models; nil where it is absent.
private let sharedModels: String? = {
  let path = (ProcessInfo.processInfo.environment["SWIFTLET_SHARED"] ?? "../shared") + "/models"
  guard FileManager.default.fileExists(atPath: path) else {
    print("SKIPPED: real models are not at \(path); set SWIFTLET_SHARED")
    return nil
  }
  return path
}()

struct RealModelsTests {
  static let models = [
    "fastestdet_352", "kws_dscnn_fp32", "kws_dscnn_qdq", "mobilenet_v2_224_qdq", "moonshine_spelling_cnn",
    "moonshine_tinyvad", "nanodet_m_320", "resnet8_cifar_fp32", "resnet8_cifar_qdq",
    "ultraface_rfb_320", "vww_96_fp32", "vww_96_qdq", "yolox_nano_416",
  ]

  @Test(.enabled(if: sharedModels != nil), arguments: models) func `a real model compiles to a program that gives finite numbers`(stem: String) throws {
    let model = try ONNXModel(contentsOf: "\(sharedModels!)/\(stem).onnx")
    let compiled = try ModelCompilation(model, name: stem).compiled()
    let weights = AlignedBytes(count: compiled.weights.count)
    unsafe weights.bytes.copyBytes(from: compiled.weights)
    let session = try unsafe Session<CPUBackend>(program: compiled.program, weights: UnsafeRawBufferPointer(weights.bytes), options: CPUOptions(threads: 2))
    for (position, port) in compiled.program.inputs.enumerated() {
      let values = (0..<port.declaredDimensions.elementCount).map { Float($0 % 7) - 3 }
      try session.setInput(position, to: HostTensor(values, dimensions: port.declaredDimensions).converted(to: port.declaredType))
    }
    session.run()
    for position in compiled.program.outputs.indices {
      let output = try session.output(position)
      #expect(output.elementCount > 0)
      #expect(!output.floats().contains { !$0.isFinite })
    }
    _ = unsafe weights.bytes
  }
}
