import CPUExecution
import Inference
@testable import ModelCompiler
import ModelFormat
import ModelManifest
@testable import ONNX
import Tensors
import Testing

/// Parts of joins are made where the whole lies, where that changes nothing but the time.
struct PartPlacementTests {
  /// Two inputs of one image each, of `channels`, 3 × 4 and 5 × 4 pixels.
  private func model(channels: Int = 4, outputs: [String] = ["y"]) -> SmallModel {
    SmallModel(
      inputs: [("x", SmallModel.float, [1, channels, 3, 4]), ("z", SmallModel.float, [1, channels, 5, 4])], outputs: outputs)
  }

  private func inputs(_ model: SmallModel) -> [HostTensor] {
    model.inputs.enumerated().map { index, input in
      HostTensor(SmallModel.numbers(input.dimensions.reduce(1, *), seed: UInt64(index + 1)), dimensions: input.dimensions)
    }
  }

  /// Compiles, expects so many copies, and the bits of every operator's plain evaluation.
  @discardableResult private func check(_ model: SmallModel, copies: Int, sourceLocation: SourceLocation = #_sourceLocation) throws -> Program {
    let compiled = try model.compiled()
    let count = compiled.program.instructions.count { if case .copy = $0 { true } else { false } }
    #expect(count == copies, sourceLocation: sourceLocation)
    let given = inputs(model)
    let evaluated = try ReferenceEvaluation(model.model).outputs(for: Dictionary(uniqueKeysWithValues: zip(model.inputs.map(\.name), given)))
    #expect(try model.run(compiled, given) == evaluated, sourceLocation: sourceLocation)
    return compiled.program
  }

  private func offset(_ name: String, in program: Program) -> Int? {
    guard let tensor = program.tensors.first(where: { $0.name == name }), case .arena(let offset) = tensor.storage else { return nil }
    return offset
  }

  @Test func `what is made for a join alone is made in it`() throws {
    var model = model(channels: 1)
    model.append("Relu", ["x"], ["a"])
    model.append("Neg", ["z"], ["b"])
    model.append("Concat", ["a", "b"], ["y"], ["axis": .integer(2)])
    let program = try check(model, copies: 0)
    // 12 floats before it: no cache line begins there.
    #expect(try #require(offset("b", in: program)) == #require(offset("a", in: program)) + 48)
  }

  @Test func `pieces of an inner axis are copied as before`() throws {
    var model = model()
    model.append("Relu", ["x"], ["a"])
    model.append("Neg", ["z"], ["b"])
    model.append("Concat", ["a", "b"], ["y"], ["axis": .integer(2)])
    try check(model, copies: 2)
  }

  @Test func `what others read, too, lies in the whole only at a cache line`() throws {
    for (channels, copies) in [(4, 1), (16, 0)] {
      var model = SmallModel(inputs: [("x", SmallModel.float, [3, channels]), ("z", SmallModel.float, [5, channels])], outputs: ["y", "n"])
      model.append("Relu", ["x"], ["a"])
      model.append("Neg", ["z"], ["b"])
      model.append("Concat", ["a", "b"], ["y"], ["axis": .integer(0)])
      model.append("Neg", ["b"], ["n"])
      try check(model, copies: copies)
    }
  }

  @Test func `a part that is handed out, or read after the whole, stays readable`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [4, 16]), ("z", SmallModel.float, [8, 16])], outputs: ["a", "last", "b"])
    model.append("Relu", ["x"], ["a"])
    model.append("Neg", ["z"], ["b"])
    model.append("Concat", ["a", "b"], ["joined"], ["axis": .integer(0)])
    model.append("Exp", ["joined"], ["e"])
    model.append("ReduceSum", ["e"], ["sum"], ["keepdims": .integer(1)])
    model.append("Add", ["a", "sum"], ["last"])
    let compiled = try model.compiled()
    let given = inputs(model)
    let results = try model.run(compiled, given)
    #expect(!compiled.program.instructions.contains { if case .copy = $0 { true } else { false } })
    #expect(results[0].floats() == given[0].floats().map { max($0, 0) })
    #expect(results[2].floats() == given[1].floats().map { -$0 })
  }

  @Test func `inputs and constants are copied, beside parts that are not`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [2, 16])], outputs: ["y"])
    model.constants["c"] = HostTensor(SmallModel.numbers(16, seed: 3), dimensions: [1, 16])
    model.append("Relu", ["x"], ["a"])
    model.append("Concat", ["c", "a", "x"], ["y"], ["axis": .integer(0)])
    try check(model, copies: 2)
  }

  @Test func `what a join takes twice is copied twice, and what two joins take once`() throws {
    var twice = SmallModel(inputs: [("x", SmallModel.float, [2, 16])], outputs: ["y"])
    twice.append("Relu", ["x"], ["a"])
    twice.append("Concat", ["a", "a"], ["y"], ["axis": .integer(0)])
    try check(twice, copies: 2)
    var both = SmallModel(inputs: [("x", SmallModel.float, [2, 16]), ("z", SmallModel.float, [4, 16])], outputs: ["y", "w"])
    both.append("Relu", ["x"], ["a"])
    both.append("Neg", ["z"], ["b"])
    both.append("Concat", ["a", "b"], ["y"], ["axis": .integer(0)])
    both.append("Concat", ["b", "a"], ["w"], ["axis": .integer(0)])
    try check(both, copies: 2)
  }

  @Test func `joins of joins take what is made for either`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [2, 3]), ("z", SmallModel.float, [5, 3])], outputs: ["y"])
    model.append("Relu", ["x"], ["a"])
    model.append("Neg", ["z"], ["b"])
    model.append("Concat", ["a", "b"], ["inner"], ["axis": .integer(0)])
    model.append("Abs", ["x"], ["c"])
    model.append("Concat", ["c", "inner"], ["y"], ["axis": .integer(0)])
    let program = try check(model, copies: 0)
    let first = try #require(offset("y", in: program))
    let offsets = ["c", "a", "b"].map { (offset($0, in: program) ?? 0) - first }
    #expect(offsets == [0, 24, 48])
  }

  /// A detection head: levels of three branches each, joined by channels and then by places.
  @Test func `anchors of several levels lie behind each other, made by the copies that join their channels`() throws {
    var model = model()
    for (level, input) in ["x", "z"].enumerated() {
      let branches = (0..<3).map { "branch\(level).\($0)" }
      for (index, branch) in branches.enumerated() {
        model.constants["\(branch).w"] = HostTensor(SmallModel.numbers(20, seed: UInt64(10 * level + index)), dimensions: [5, 4, 1, 1])
        model.append("Conv", [input, "\(branch).w"], [branch])
      }
      model.append("Concat", branches, ["level\(level)"], ["axis": .integer(1)])
      model.constants["shape\(level)"] = HostTensor([Int64(1), 15, -1], dimensions: [3])
      model.append("Reshape", ["level\(level)", "shape\(level)"], ["flat\(level)"])
    }
    model.append("Concat", ["flat0", "flat1"], ["all"], ["axis": .integer(2)])
    model.append("Transpose", ["all"], ["y"], ["perm": .integers([0, 2, 1])])
    let program = try model.compiled().program
    #expect(program.instructions.count { if case .copy = $0 { true } else { false } } == 6)
    let second = try #require(offset("level1", in: program) ?? offset("flat1", in: program))
    let first = try #require(offset("level0", in: program) ?? offset("flat0", in: program))
    #expect(second == first + 4 * 15 * 12)
    let given = inputs(model)
    let (found, wanted) = (try model.run(given[0], given[1])[0].floats(), try model.evaluated(given[0], given[1])[0].floats())
    #expect(found.count == wanted.count && zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func `padding beside a value isn't overwritten by it`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [2, 16])], outputs: ["y"])
    model.constants["pads"] = HostTensor([Int64(1), 0, 1, 0], dimensions: [4])
    model.append("Relu", ["x"], ["a"])
    model.append("Pad", ["a", "pads"], ["y"])
    try check(model, copies: 1)
  }

  @Test func `8-bit parts of one form lie in the whole, whatever their sizes`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [3, 5]), ("z", SmallModel.float, [4, 5])], outputs: ["y"])
    model.constants["scale"] = HostTensor([Float(1) / 64], dimensions: [])
    model.constants["zero"] = HostTensor([UInt8(120)], dimensions: [])
    func round(_ name: String) {
      model.append("QuantizeLinear", [name, "scale", "zero"], ["\(name).q"])
      model.append("DequantizeLinear", ["\(name).q", "scale", "zero"], ["\(name).r"])
    }
    model.append("Relu", ["x"], ["a"])
    model.append("Neg", ["z"], ["b"])
    round("a")
    round("b")
    model.append("Concat", ["a.r", "b.r"], ["joined"], ["axis": .integer(0)])
    round("joined")
    model.append("Identity", ["joined.r"], ["y"])
    try check(model, copies: 0)
  }

  @Test func `parts are copied where their whole would take much room for long`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 64]), ("z", SmallModel.float, [64, 64])], outputs: ["y"])
    model.append("Relu", ["x"], ["a"])
    // Meanwhile two buffers of the whole's size come and go.
    for step in 0..<4 { model.append("Neg", [step == 0 ? "z" : "t\(step - 1)"], ["t\(step)"]) }
    model.append("ReduceMax", ["t3"], ["m"], ["axes": .integers([1])])
    model.append("Add", ["z", "m"], ["b"])
    model.append("Concat", ["a", "b"], ["all"], ["axis": .integer(0)])
    model.append("ReduceMax", ["all"], ["y"], ["axes": .integers([0])])
    try check(model, copies: 2)
  }

  // MARK: Open sizes

  /// Two lines of an open length, one behind the other, and a third of fixed length.
  private static let openNodes: SmallModel = {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 3, 0])], outputs: ["y", "mean"])
    model.constants["w"] = HostTensor(SmallModel.numbers(36, seed: 5), dimensions: [3, 3, 4])
    model.append("Transpose", ["x"], ["t"], ["perm": .integers([0, 2, 1])])
    model.append("Relu", ["t"], ["a"])
    model.append("Conv", ["x", "w"], ["c"], ["strides": .integers([2]), "pads": .integers([1, 2])])
    model.append("Transpose", ["c"], ["b"], ["perm": .integers([0, 2, 1])])
    model.append("Neg", ["b"], ["n"])
    model.append("Concat", ["n", "a"], ["y"], ["axis": .integer(1)])
    model.append("ReduceMean", ["y"], ["mean"], ["axes": .integers([1]), "keepdims": .integer(0)])
    return model
  }()

  private func session(_ compiled: CompiledModel) throws -> Session<CPUBackend> {
    let package = try ModelPackage(compiled.file(), origin: "open.swiftlet")
    return try unsafe Session(program: package.program, family: package.family, weights: package.weights, owner: package, options: CPUOptions())
  }

  @Test func `parts of an open length follow each other at every length`() throws {
    let model = Self.openNodes.model(open: ["x": [.size(1), .size(3), .symbol("T")]])
    let compilation = try OpenCompilation(model, name: "open", options: CompilationOptions(), shapes: ["x": [.fixed(1), .fixed(3), .open(6...41)]])
    let compiled = try compilation.compiled { (bound) throws(CompilerError) in try bound.compiled() }
    #expect(!compiled.parts.copies.isEmpty)
    let open = try session(compiled)
    for length in [41, 6, 7, 8, 19, 40] {
      var options = CompilationOptions()
      options.shapes = ["x": [1, 3, length]]
      options.parts = .only([])
      let single = try session(ModelCompilation(model, name: "single", options: options).compiled())
      let input = HostTensor(SmallModel.numbers(3 * length, seed: UInt64(length)), dimensions: [1, 3, length])
      try open.bind(sizes: [length])
      #expect(open.program.instructions.count < single.program.instructions.count)
      for session in [open, single] {
        try session.setInput(0, to: input)
        session.run()
      }
      for output in 0..<2 { #expect(try open.output(output) == single.output(output), "length \(length)") }
    }
  }

  @Test func `what lies side by side at no size is copied at every size`() throws {
    var nodes = SmallModel(inputs: [("x", SmallModel.float, [0, 4])], outputs: ["y"])
    nodes.append("Relu", ["x"], ["a"])
    nodes.append("Neg", ["x"], ["b"])
    nodes.append("Concat", ["a", "b"], ["y"], ["axis": .integer(1)])
    let model = nodes.model(open: ["x": [.symbol("N"), .size(4)]])
    let compilation = try OpenCompilation(model, name: "open", options: CompilationOptions(), shapes: ["x": [.open(2...9), .fixed(4)]])
    let compiled = try compilation.compiled { (bound) throws(CompilerError) in try bound.compiled() }
    #expect(compiled.parts.copies.isEmpty)
    let open = try session(compiled)
    for size in [2, 5, 9] {
      let numbers = SmallModel.numbers(4 * size, seed: 1)
      try open.bind(sizes: [size])
      try open.setInput(0, to: HostTensor(numbers, dimensions: [size, 4]))
      open.run()
      var rows: [Float] = []
      for row in 0..<size {
        let own = Array(numbers[4 * row..<4 * row + 4])
        rows += own.map { max($0, 0) }
        rows += own.map { -$0 }
      }
      #expect(try open.output(0).floats() == rows)
    }
  }
}
