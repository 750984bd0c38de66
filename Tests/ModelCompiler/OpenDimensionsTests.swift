import CPUExecution
import Inference
@testable import ModelCompiler
import ModelFormat
import ModelManifest
@testable import ONNX
import Tensors
import Testing

/// A program whose lengths stay open must be, at every length, the program that the compiler makes for that length.
struct OpenDimensionsTests {
  /// A line of 4 channels: a convolution with stride 2, attention over the whole length, a mean.
  private static let speechNodes: SmallModel = {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 4, 0])], outputs: ["y", "mean"])
    model.constants["w"] = HostTensor((0..<60).map { Float(($0 * 7) % 11) / 11 - 0.5 }, dimensions: [5, 4, 3])
    model.append("Conv", ["x", "w"], ["c"], ["strides": .integers([2]), "pads": .integers([1, 1])])
    model.append("Relu", ["c"], ["r"])
    model.append("Transpose", ["r"], ["t"], ["perm": .integers([0, 2, 1])])
    model.append("MatMul", ["t", "r"], ["scores"])
    model.append("Softmax", ["scores"], ["attention"], ["axis": .integer(-1)])
    model.append("MatMul", ["attention", "t"], ["y"])
    model.append("ReduceMean", ["y"], ["mean"], ["axes": .integers([1]), "keepdims": .integer(0)])
    return model
  }()
  private static let speech = speechNodes.model(open: ["x": [.size(1), .size(4), .symbol("T")]])

  private func package(_ model: ONNXModel, _ shapes: [String: [AxisSize]]) throws -> ModelPackage {
    let compilation = try OpenCompilation(model, name: "open", options: CompilationOptions(), shapes: shapes)
    let compiled = try compilation.compiled { (bound) throws(CompilerError) in try bound.compiled() }
    return try ModelPackage(compiled.file(), origin: "open.swiftlet")
  }

  private func fixed(_ model: ONNXModel, _ shape: [Int]) throws -> ModelPackage {
    var options = CompilationOptions()
    options.shapes = ["x": shape]
    return try ModelPackage(ModelCompilation(model, name: "fixed", options: options).compiled().file(), origin: "fixed.swiftlet")
  }

  private func session(_ package: ModelPackage) throws -> Session<CPUBackend> {
    try unsafe Session(program: package.program, family: package.family, weights: package.weights, owner: package, options: CPUOptions())
  }

  private func input(_ shape: [Int]) -> HostTensor {
    HostTensor((0..<shape.reduce(1, *)).map { Float(($0 * 37) % 101) / 50 - 1 }, dimensions: shape)
  }

  @Test func `a session computes at every length what a program of that length computes`() throws {
    let open = try session(package(Self.speech, ["x": [.fixed(1), .fixed(4), .open(6...41)]]))
    for length in [6, 7, 8, 19, 40, 41, 12] {
      let shape = [1, 4, length]
      try open.bind(sizes: [length])
      try open.setInput(0, to: input(shape))
      open.run()
      let single = try session(fixed(Self.speech, shape))
      try single.setInput(0, to: input(shape))
      single.run()
      #expect(open.program.outputs[0].declaredDimensions == [1, (length + 1) / 2, 5])
      for output in 0..<2 { #expect(try open.output(output) == single.output(output), "length \(length)") }
    }
  }

  @Test func `weights are packed once, whatever lengths a session is bound to`() throws {
    let package = try package(Self.speech, ["x": [.fixed(1), .fixed(4), .open(6...41)]])
    final class Copies {
      var count = 0
    }
    let copies = Copies()
    let open = try unsafe Session<CPUBackend>(
      program: package.program, family: package.family, weights: package.weights, owner: package, options: CPUOptions(), onCopy: { _ in copies.count += 1 })
    let loaded = copies.count
    #expect(loaded > 0)
    for length in [7, 40, 12] {
      try open.bind(sizes: [length])
      try open.setInput(0, to: input([1, 4, length]))
      open.run()
      let single = try session(fixed(Self.speech, [1, 4, length]))
      try single.setInput(0, to: input([1, 4, length]))
      single.run()
      #expect(try open.output(0) == single.output(0))
    }
    #expect(copies.count == loaded)
  }

  @Test func `batch and length can stay open together`() throws {
    let batches = Self.speechNodes.model(open: ["x": [.symbol("B"), .size(4), .symbol("T")]])
    let open = try session(package(batches, ["x": [.open(1...5), .fixed(4), .open(9...30)]]))
    for (batch, length) in [(1, 9), (5, 30), (3, 17), (2, 22)] {
      let shape = [batch, 4, length]
      try open.bind(sizes: #require(open.family?.sizes(forInputs: [shape])))
      try open.setInput(0, to: input(shape))
      open.run()
      let single = try session(fixed(batches, shape))
      try single.setInput(0, to: input(shape))
      single.run()
      for output in 0..<2 { #expect(try open.output(output) == single.output(output), "\(shape)") }
    }
  }

  @Test func `without a size the largest is bound`() throws {
    let package = try package(Self.speech, ["x": [.fixed(1), .fixed(4), .open(6...41)]])
    #expect(package.program.inputs[0].declaredDimensions == [1, 4, 41])
    #expect(package.family?.dimensions == [OpenDimension(name: "T", bounds: 6...41, period: 2, places: [.init(input: 0, axis: 2)])])
  }

  @Test func `a package that leaves a size open has golden outputs, those at the largest`() throws {
    let compilation = try OpenCompilation(
      Self.speech, name: "open", options: CompilationOptions(), shapes: ["x": [.fixed(1), .fixed(4), .open(6...41)]])
    let compiled = try compilation.compiled { (bound) throws(CompilerError) in try bound.compiled() }
    let package = try ModelPackage(compiled.withGoldenOutputs().file(), origin: "open.swiftlet")
    let golden = try #require(package.manifest.golden)
    #expect(package.family != nil && golden.outputs.map(\.name) == ["y", "mean"])
    // What a device does, which binds no size.
    let device = try session(package)
    let names = package.program.outputs.map(\.name)
    let rehearsed = try device.rehearse(seed: golden.seed, range: package.manifest.rehearsalRange)
    let found = golden.difference(from: rehearsed, names: names)
    #expect(found == nil)
    try device.bind(sizes: [40])
    let shorter = golden.difference(from: try device.rehearse(seed: golden.seed, range: package.manifest.rehearsalRange), names: names)
    #expect(shorter != nil)
  }

  @Test(arguments: [5, 42, 0, -1, Int.max]) func `a size outside the bounds is refused, and the session goes on`(size: Int) throws {
    let open = try session(package(Self.speech, ["x": [.fixed(1), .fixed(4), .open(6...41)]]))
    try open.bind(sizes: [10])
    #expect { try open.bind(sizes: [size]) } throws: { error in
      (error as? InferenceError)?.message == "dimension 'T' can be 6 to 41, not \(size)"
    }
    #expect(open.program.inputs[0].declaredDimensions == [1, 4, 10])
  }

  @Test func `a model whose constants follow a length is refused by the reason`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 0])], outputs: ["y"])
    model.append("Shape", ["x"], ["shape"])
    model.append("ConstantOfShape", ["shape"], ["ones"], ["value": .tensor(HostTensor([Float(1)], dimensions: [1]))])
    model.append("Concat", ["x", "ones"], ["y"], ["axis": .integer(0)])
    let open = model.model(open: ["x": [.size(1), .symbol("N")]])
    #expect {
      try package(open, ["x": [.fixed(1), .open(2...9)]])
    } throws: { error in
      (error as? CompilerError)?.message == "at N=2 the model's constants are others: bind the dimensions that they depend on"
    }
  }

  @Test func `two pairs of bounds for one symbol are refused`() throws {
    var model = SmallModel(inputs: [("a", SmallModel.float, [0]), ("b", SmallModel.float, [0])], outputs: ["y"])
    model.append("Add", ["a", "b"], ["y"])
    let open = model.model(open: ["a": [.symbol("N")], "b": [.symbol("N")]])
    #expect {
      try package(open, ["a": [.open(1...9)], "b": [.open(1...8)]])
    } throws: { error in
      (error as? CompilerError)?.message.contains("'N' has two pairs of bounds") == true
    }
    let shared = try package(open, ["a": [.open(1...9)]])
    #expect(shared.family?.dimensions[0].places.count == 2)
    #expect(shared.family?.sizes(forInputs: [[4], [5]]) == nil)
  }

  @Test func `every byte of the open dimensions flipped is refused or harmless`() throws {
    let package = try package(Self.speech, ["x": [.fixed(1), .fixed(4), .open(6...21)]])
    let family = try #require(package.family)
    let bytes = family.encoded()
    let session = try session(package)
    var refusals = 0
    for position in bytes.indices where position < 64 || position % 7 == 0 {
      var damaged = bytes
      damaged[position] ^= 0xFF
      do {
        let other = try ProgramFamily(decoding: damaged, encodedProgram: family.encodedProgram)
        try unsafe other.validate(against: package.program, weights: package.weights)
        for size in other.dimensions[0].bounds.prefix(20) { try unsafe other.program(sizes: [size]).validate(weights: package.weights) }
      } catch {
        refusals += 1
      }
    }
    #expect(refusals > 0)
    #expect(session.family == family)
  }
}

extension SmallModel {
  /// The model with inputs whose dimensions are given as ONNX gives them.
  func model(open dimensions: [String: [ONNXDimension]]) -> ONNXModel {
    let graph = ONNXGraph(
      name: "open", nodes: nodes, initialisers: constants.sorted { $0.key < $1.key }.map { ONNXInitialiser(name: $0.key, tensor: $0.value) },
      inputs: inputs.map { ONNXValueInfo(name: $0.name, dataType: ONNXDataType(rawValue: $0.type), dimensions: dimensions[$0.name]) },
      outputs: outputs.map { ONNXValueInfo(name: $0) })
    return ONNXModel(irVersion: 8, opsetImports: ["": 13], producerName: "", producerVersion: "", graph: graph, metadata: [:])
  }
}
