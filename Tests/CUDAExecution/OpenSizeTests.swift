import CPUExecution
import CUDAExecution
import Inference
import ModelCompiler
import ModelManifest
import ONNX
import Tensors
import Testing

extension CUDATests {
  @Suite struct OpenSizes {
    let device = EmulatedDevice.shared!

    /// A convolution along an open length, a softmax over its channels, and two lines behind each other, which are made there.
    private func package() throws -> ModelPackage {
      let weights = HostTensor((0..<48).map { Float(($0 * 7) % 11) / 11 - 0.5 }, dimensions: [4, 4, 1, 3])
      let graph = ONNXGraph(
        name: "g",
        nodes: [
          ONNXNode(name: "c", opType: "Conv", inputs: ["x", "w"], outputs: ["s"], attributes: ["pads": .integers([0, 1, 0, 1])]),
          ONNXNode(name: "y", opType: "Softmax", inputs: ["s"], outputs: ["y"], attributes: ["axis": .integer(1)]),
          ONNXNode(name: "n", opType: "Neg", inputs: ["s"], outputs: ["n"], attributes: [:]),
          ONNXNode(name: "r", opType: "Relu", inputs: ["x"], outputs: ["r"], attributes: [:]),
          ONNXNode(name: "z", opType: "Concat", inputs: ["n", "r"], outputs: ["z"], attributes: ["axis": .integer(3)]),
        ], initialisers: [ONNXInitialiser(name: "w", tensor: weights)],
        inputs: [ONNXValueInfo(name: "x", dataType: ONNXDataType(rawValue: 1), dimensions: [.size(1), .size(4), .size(1), .symbol("T")])],
        outputs: [ONNXValueInfo(name: "y"), ONNXValueInfo(name: "z")])
      let model = ONNXModel(irVersion: 8, opsetImports: ["": 13], producerName: "", producerVersion: "", graph: graph, metadata: [:])
      let compilation = try OpenCompilation(
        model, name: "open", options: CompilationOptions(), shapes: ["x": [.fixed(1), .fixed(4), .fixed(1), .open(3...40)]])
      return try ModelPackage(compilation.compiled { (bound) throws(CompilerError) in try bound.compiled() }.file(), origin: "open.swiftlet")
    }

    @Test func `a session bound to other lengths gives the scalar kernels' bits at each`() throws {
      device.reset()
      let package = try package()
      // These bring the outputs into the declared order; two more would bring the parts into the whole.
      #expect(package.program.instructions.count { if case .copy = $0 { true } else { false } } <= 2)
      func session<Engine: Backend & ~Copyable>(_ engine: Engine.Type, _ options: Engine.Options) throws -> Session<Engine> {
        try unsafe Session(program: package.program, family: package.family, weights: package.weights, owner: package, options: options)
      }
      do {
        let onDevice = try session(CUDABackend.self, device.options())
        let onProcessor = try session(CPUBackend.self, CPUOptions(instructionSet: .scalar))
        for length in [40, 3, 17, 39] {
          let input = HostTensor((0..<4 * length).map { Float(($0 * 37) % 101) / 50 - 1 }, dimensions: [1, 4, 1, length])
          let before = device.allocationCount
          try onDevice.bind(sizes: [length])
          #expect(EmulatedDevice.isReal || device.allocationCount == before + 1, "an arena, and the constants that are there")
          try onProcessor.bind(sizes: [length])
          try onDevice.setInput(0, to: input)
          try onProcessor.setInput(0, to: input)
          onDevice.run()
          onProcessor.run()
          #expect(onDevice.failure == nil)
          for output in 0..<2 { #expect(try onDevice.output(output) == onProcessor.output(output), "length \(length)") }
        }
      }
      #expect(device.aliveCount == 0 && device.overrunCount == 0)
    }
  }
}
