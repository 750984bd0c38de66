import CPUExecution
import CUDAExecution
import Foundation
import GoldenCases
import Inference
import ModelCompiler
import ModelFormat
import ModelManifest
import ONNX
import SharedData
import Tensors
import Testing

extension CUDATests {
  @Suite struct Models {
    let device = EmulatedDevice.shared!

    /// What compiles to instructions that have kernels runs, and gives the scalar kernels' bits; all else is refused with a list.
    @Test func `golden cases give the scalar kernels' bits, or are refused`() throws {
      var (served, refused) = (0, 0)
      for golden in GoldenCase.all {
        guard let compiled = try? ModelCompilation(golden.model(), name: golden.name).compiled() else { continue }
        let inputs = try golden.inputs()
        guard inputs.map(\.dimensions) == compiled.program.inputs.map(\.declaredDimensions) else { continue }
        device.reset()
        let actual: [HostTensor]
        do {
          actual = try CUDATests.run(compiled.program, compiled.weights, inputs, on: CUDABackend.self, device.options())
        } catch let error as InferenceError {
          #expect(error.code == .unsupported, "\(golden): \(error.message)")
          #expect(error.message.contains("no kernel for"), "\(golden): \(error.message)")
          #expect(device.callCount == 0, "a program that can't run needs no device")
          refused += 1
          continue
        }
        let expected = try CUDATests.run(compiled.program, compiled.weights, inputs, on: CPUBackend.self, CPUOptions(instructionSet: .scalar))
        #expect(CUDATests.difference(actual, expected) == nil, "\(golden)")
        #expect(device.overrunCount == 0 && device.aliveCount == 0, "\(golden)")
        served += 1
      }
      #expect(served > 100 && refused > 50, "\(served) served, \(refused) refused")
    }

    /// The demo's detector with its float tail.
    @Test(arguments: EmulatedDevice.shared?.multiplications ?? [])
    func `the built-in detector runs whole on the device`(_ multiplication: CUDAOptions.Multiplication) throws {
      let path = EmulatedDevice.folder.appendingPathComponent("Sources/CDemoModel/surface-defects.swiftlet").path
      try compare(ModelPackage(contentsOf: path), multiplication)
    }

    @Test(.enabled(if: Shared.isPresent), arguments: ["kws_dscnn_qdq", "resnet8_cifar_qdq", "vww_96_qdq"])
    func `real models in 8 bits run whole on the device`(_ name: String) throws {
      let model = try ONNXModel(contentsOf: "\(Shared.root!)/models/\(name).onnx")
      try compare(ModelPackage(ModelCompilation(model, name: name).compiled().file(), origin: name), nil)
    }

    /// A larger one; `make test-cuda-emulated` asks for it.
    @Test(
      .enabled(if: Shared.isPresent && ProcessInfo.processInfo.environment["SWIFTLET_CUDA_MODELS"] != nil),
      arguments: EmulatedDevice.shared?.multiplications ?? [])
    func `MobileNetV2 in 8 bits runs whole on the device`(_ multiplication: CUDAOptions.Multiplication) throws {
      let model = try ONNXModel(contentsOf: "\(Shared.root!)/models/mobilenet_v2_224_qdq.onnx")
      try compare(ModelPackage(ModelCompilation(model, name: "mobilenet").compiled().file(), origin: "mobilenet"), multiplication)
    }

    private func compare(_ package: ModelPackage, _ multiplication: CUDAOptions.Multiplication?) throws {
      func rehearse<Engine: Backend & ~Copyable>(_ engine: Engine.Type, _ options: Engine.Options) throws -> [HostTensor] {
        let session = try unsafe Session<Engine>(program: package.program, weights: package.weights, owner: package, options: options)
        let outputs = try session.rehearse(seed: 3, range: 0...1)
        if let failure = session.failure { throw failure }
        return outputs
      }
      device.reset()
      let actual = try rehearse(CUDABackend.self, device.options(multiplication))
      #expect(EmulatedDevice.isReal || device.launchedGraphCount == 2, "a run is one launch, after one while loading")
      let expected = try rehearse(CPUBackend.self, CPUOptions(instructionSet: .scalar))
      #expect(CUDATests.difference(actual, expected) == nil)
      #expect(device.overrunCount == 0 && device.aliveCount == 0)
    }
  }
}
