import CPUExecution
@testable import CUDAExecution
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
import Transcription

extension CUDATests {
  @Suite struct Models {
    let device = EmulatedDevice.shared!

    /// What compiles to instructions that have kernels runs, and gives the scalar kernels' bits; the rest is refused with a list.
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
          #expect(error.message.contains("no kernel for a recurrence with the function"), "\(golden): \(error.message)")
          #expect(device.callCount == 0, "a program that can't run needs no device")
          refused += 1
          continue
        }
        let expected = try CUDATests.run(compiled.program, compiled.weights, inputs, on: CPUBackend.self, CPUOptions(instructionSet: .scalar))
        #expect(CUDATests.difference(actual, expected, of: compiled.program) == nil, "\(golden)")
        #expect(device.overrunCount == 0 && device.aliveCount == 0, "\(golden)")
        served += 1
      }
      #expect(served > 300 && refused < 9, "\(served) served, \(refused) refused")
    }

    /// The demo's detector with its float tail, by dot products and by the newest matrix instructions; `make test-cuda-emulated` takes each
    /// generation's for a larger model.
    @Test(arguments: (EmulatedDevice.shared?.multiplications ?? []).filter { $0 == .dotProducts || $0 == .matrices16x8x32 })
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

    /// `make test-cuda-emulated` asks for them.
    @Test(
      .enabled(if: Shared.isPresent && ProcessInfo.processInfo.environment["SWIFTLET_CUDA_MODELS"] != nil),
      arguments: ["kws_dscnn_fp32", "resnet8_cifar_fp32", "vww_96_fp32", "moonshine_spelling_cnn", "moonshine_tinyvad", "ultraface_rfb_320"])
    func `real models in float32 run whole on the device`(_ name: String) throws {
      let model = try ONNXModel(contentsOf: "\(Shared.root!)/models/\(name).onnx")
      try compare(ModelPackage(ModelCompilation(model, name: name).compiled().file(), origin: name), nil)
    }

    /// Voice activity, chunk after chunk with its state: a short-time transform, convolutions and an LSTM, as the exporter wrote it for two
    /// versions of ONNX.
    @Test(
      .enabled(if: Shared.isPresent && ProcessInfo.processInfo.environment["SWIFTLET_CUDA_MODELS"] != nil),
      arguments: ["silero_vad_16k_op15", "silero_vad"])
    func `Silero's voice activity model runs whole on the device`(_ name: String) throws {
      var options = CompilationOptions()
      options.shapes = ["input": [1, 576], "state": [2, 1, 128]]
      options.constants = ["sr": CUDATests.whole([16_000], [])]
      let model = try ONNXModel(contentsOf: "\(Shared.root!)/models/\(name).onnx")
      let package = try ModelPackage(ModelCompilation(model, name: name, options: options).compiled().file(), origin: name)
      #expect(package.program.instructions.contains { if case .recurrence = $0 { true } else { false } })
      func outputs<Engine: Backend & ~Copyable>(_ engine: Engine.Type, _ options: Engine.Options) throws -> [HostTensor] {
        let session = try unsafe Session<Engine>(program: package.program, weights: package.weights, owner: package, options: options)
        let inputs = package.program.inputs.map(\.name)
        let state = try #require(inputs.firstIndex(of: "state"))
        let sound = try #require(inputs.firstIndex(of: "input"))
        let next = try #require(package.program.outputs.map(\.name).firstIndex(of: "stateN"))
        var told: [HostTensor] = []
        try session.setInput(state, to: HostTensor([Float](repeating: 0, count: 256), dimensions: [2, 1, 128]))
        for loudness in [0.01, 0.3, 0.9] as [Float] {
          let samples = (0..<576).map { loudness * (Float(($0 * 7_919) % 1_000) / 500 - 1) }
          try session.setInput(sound, to: HostTensor(samples, dimensions: [1, 576]))
          session.run()
          if let failure = session.failure { throw failure }
          told += try package.program.outputs.indices.map { try session.output($0) }
          try session.setInput(state, to: session.output(next))
        }
        return told
      }
      device.reset()
      let actual = try outputs(CUDABackend.self, device.options())
      #expect(EmulatedDevice.isReal || device.launchedGraphCount == 4)
      let expected = try outputs(CPUBackend.self, CPUOptions(instructionSet: .scalar))
      // A real device's library computes its powers.
      let difference = zip(actual, expected).flatMap { zip($0.floats(), $1.floats()).map { abs($0 - $1) } }.max() ?? 1
      #expect(EmulatedDevice.isReal ? difference < 1e-4 : CUDATests.difference(actual, expected) == nil)
      #expect(actual.allSatisfy { $0.floats().contains { $0 != 0 } })
      #expect(device.overrunCount == 0 && device.aliveCount == 0)
    }

    /// Its last layer is the logarithm of a softmax, whose last bits a device's library decides.
    @Test(.enabled(if: Shared.isPresent && ProcessInfo.processInfo.environment["SWIFTLET_CUDA_MODELS"] != nil))
    func `QuartzNet runs whole on the device`() throws {
      var options = CompilationOptions()
      options.shapes = ["mel": [1, 64, 24]]
      let model = try ONNXModel(contentsOf: "\(Shared.root!)/models/quartznet15x5.onnx")
      try compare(ModelPackage(ModelCompilation(model, name: "quartznet", options: options).compiled().file(), origin: "quartznet"), nil)
    }

    /// The smallest Moonshine of random weights: encoder and step, the latter token after token with its cache.
    /// Of 4 bits have halves of keys and values.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["SWIFTLET_CUDA_MODELS"] != nil), arguments: [WeightPrecision.float, .int4])
    func `a transformer runs whole on the device, encoder and step, and chooses the scalar kernels' tokens`(_ weights: WeightPrecision) throws {
      let folder = EmulatedDevice.folder.appendingPathComponent("Tests/Transcription/Golden/moonshine").path
      let package = try ModelPackage(SequenceCompilation(folder: folder, weights: weights).compiled().file(), origin: "moonshine")
      let samples = (0..<20_000).map { Float(($0 * 7_919) % 1_000) / 1_000 - 0.5 }
      func tokens<Engine: Backend & ~Copyable>(_ engine: Engine.Type, _ options: Engine.Options) throws -> [Int] {
        try #require(try StepwiseSpeechModel<Engine>(package, options: options).transcript(of: samples, from: .zero).tokens)
      }
      device.reset()
      let actual = try tokens(CUDABackend.self, device.options())
      #expect(EmulatedDevice.isReal || device.launchedGraphCount > 4)
      let expected = try tokens(CPUBackend.self, CPUOptions(instructionSet: .scalar))
      #expect(actual == expected && actual.count > 2)
      #expect(device.overrunCount == 0 && device.aliveCount == 0)
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
      #expect(CUDATests.difference(actual, expected, of: package.program) == nil)
      #expect(device.overrunCount == 0 && device.aliveCount == 0)
    }
  }
}
