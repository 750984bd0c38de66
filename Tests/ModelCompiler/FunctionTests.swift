@testable import ModelCompiler
@testable import ONNX
import Tensors
import Testing

/// Models that bring operators of their own.
struct FunctionTests {
  private let x = HostTensor([Float(1), 4], dimensions: [2])

  /// A model that calls `own.Scale`, which multiplies by an attribute's value and hands its input on.
  private func model(_ functions: [ONNXFunction], _ nodes: [ONNXNode], outputs: [String] = ["y"]) -> ONNXModel {
    var model = SmallModel(nodes: nodes, inputs: [("x", SmallModel.float, [2])], outputs: outputs).model
    model.opsetImports["own"] = 1
    model.functions = functions
    return model
  }

  private func scaling() -> ONNXFunction {
    let constant = ONNXNode(opType: "Constant", outputs: ["factor"], attributes: ["value_float": .reference("by")])
    let product = ONNXNode(opType: "Mul", inputs: ["a", "factor"], outputs: ["b"])
    return ONNXFunction(
      name: "Scale", domain: "own", inputs: ["a"], outputs: ["b", "a"], defaults: ["by": .float(10)], nodes: [constant, product], opsetImports: ["": 13])
  }

  private func call(_ function: String, _ inputs: [String], _ outputs: [String], _ attributes: [String: ONNXAttribute] = [:]) -> ONNXNode {
    ONNXNode(name: "call", opType: function, domain: "own", inputs: inputs, outputs: outputs, attributes: attributes)
  }

  private func results(_ model: ONNXModel) throws -> [[Float]] {
    try ReferenceEvaluation(model).outputs(for: ["x": x]).map { $0.floats() }
  }

  @Test func `a function's body stands in the place of each call, with the call's attributes or the defaults`() throws {
    let calls = [call("Scale", ["x"], ["m", "same"], ["by": .float(3)]), call("Scale", ["m"], ["y"])]
    let model = model([scaling()], calls, outputs: ["y", "same"])
    #expect(try results(model) == [[30, 120], [1, 4]])
    let compiled = try ModelCompilation(model, name: "calls").compiled()
    #expect(compiled.program.outputs.map(\.name) == ["y", "same"])
  }

  @Test func `functions call functions, and stand before operators of the same name`() throws {
    var twice = ONNXFunction(name: "Twice", domain: "own", inputs: ["v"], outputs: ["w"], opsetImports: ["own": 1])
    twice.nodes = [call("Scale", ["v"], ["t"], ["by": .float(2)]), call("Scale", ["t"], ["w"], ["by": .float(2)])]
    let negative = ONNXFunction(
      name: "Relu", inputs: ["v"], outputs: ["w"], nodes: [ONNXNode(opType: "Neg", inputs: ["v"], outputs: ["w"])], opsetImports: ["": 13])
    let nodes = [call("Twice", ["x"], ["t"]), ONNXNode(opType: "Relu", inputs: ["t"], outputs: ["y"])]
    #expect(try results(model([twice, scaling(), negative], nodes)) == [[-4, -16]])
  }

  @Test func `a body reads operators by its own operator set`() throws {
    // In set 9 a Slice has attributes, in the model's own it has inputs.
    let slice = ONNXNode(opType: "Slice", inputs: ["v"], outputs: ["w"], attributes: ["starts": .integers([1]), "ends": .integers([2])])
    let old = ONNXFunction(name: "Last", domain: "own", inputs: ["v"], outputs: ["w"], nodes: [slice], opsetImports: ["": 9])
    #expect(try results(model([old], [call("Last", ["x"], ["y"])])) == [[4]])
  }

  @Test func `a function that calls itself is refused`() throws {
    let loop = ONNXFunction(name: "Loop", domain: "own", inputs: ["v"], outputs: ["w"], nodes: [call("Loop", ["v"], ["w"])], opsetImports: ["own": 1])
    #expect(throws: CompilerError(.invalid, "function 'own.Loop' calls itself")) { try results(model([loop], [call("Loop", ["x"], ["y"])])) }
  }

  @Test func `functions that double at each level are refused, not written out`() throws {
    let leaf = ONNXFunction(
      name: "F0", domain: "own", inputs: ["v"], outputs: ["w"], nodes: [ONNXNode(opType: "Neg", inputs: ["v"], outputs: ["w"])], opsetImports: ["": 13])
    let levels = (1...40).map { level in
      ONNXFunction(
        name: "F\(level)", domain: "own", inputs: ["v"], outputs: ["w"],
        nodes: [call("F\(level - 1)", ["v"], ["t"]), call("F\(level - 1)", ["t"], ["w"])], opsetImports: ["own": 1])
    }
    #expect(throws: CompilerError(.unsupported, "the model's functions make more than 200000 nodes, which is the limit")) {
      try results(model([leaf] + levels, [call("F40", ["x"], ["y"])]))
    }
  }
}

/// Functions that a few bytes call often: what they would write out is counted before it is.
struct FunctionGrowthTests {
  private func call(_ function: String, _ input: String, _ output: String) -> ONNXNode {
    ONNXNode(opType: function, domain: "own", inputs: [input], outputs: [output])
  }

  /// A leaf that doubles so many times.
  private func refusal(leaf: [ONNXNode], name: String = "F0", levels: Int) throws -> CompilerError? {
    var functions = [ONNXFunction(name: name, domain: "own", inputs: ["v"], outputs: ["w"], nodes: leaf, opsetImports: ["": 13])]
    for level in 0..<levels {
      let below = level == 0 ? name : "F\(level)"
      functions.append(
        ONNXFunction(
          name: "F\(level + 1)", domain: "own", inputs: ["v"], outputs: ["w"], nodes: [call(below, "v", "t"), call(below, "t", "w")],
          opsetImports: ["own": 1]))
    }
    var model = SmallModel(nodes: [call("F\(levels)", "x", "y")], inputs: [("x", SmallModel.float, [2])], outputs: ["y"]).model
    model.opsetImports["own"] = 1
    model.functions = functions
    return #expect(throws: CompilerError.self) { try ReferenceEvaluation(model) }
  }

  private func branch(_ count: Int) -> ONNXAttribute {
    let nodes = (0..<count).map { ONNXNode(opType: "Neg", inputs: ["v"], outputs: ["n\($0)"]) }
    return .graph(ONNXGraph(name: "branch", nodes: nodes, outputs: [ONNXValueInfo(name: "n0")]))
  }

  @Test func `nodes in bodies of control flow count`() throws {
    let leaf = ONNXNode(opType: "If", inputs: ["v"], outputs: ["w"], attributes: ["then_branch": branch(1000), "else_branch": branch(1)])
    #expect(try refusal(leaf: [leaf], levels: 15)?.message == "the model's functions make more than 200000 nodes, which is the limit")
  }

  @Test func `a body that a call hands in counts as often as the function writes it`() throws {
    let leaf = (0..<1000).map {
      ONNXNode(opType: "If", inputs: ["v"], outputs: [$0 == 0 ? "w" : "w\($0)"], attributes: ["then_branch": .reference("body"), "else_branch": branch(1)])
    }
    var model = SmallModel(nodes: [call("F", "x", "y")], inputs: [("x", SmallModel.float, [2])], outputs: ["y"]).model
    model.graph.nodes[0].attributes["body"] = branch(1000)
    model.opsetImports["own"] = 1
    model.functions = [ONNXFunction(name: "F", domain: "own", inputs: ["v"], outputs: ["w"], nodes: leaf, opsetImports: ["": 13])]
    #expect(throws: CompilerError(.unsupported, "the model's functions make more than 200000 nodes, which is the limit")) {
      try ReferenceEvaluation(model)
    }
  }

  @Test func `long names count`() throws {
    let long = String(repeating: "n", count: 100_000)
    let leaf = [ONNXNode(opType: "Neg", inputs: ["v"], outputs: [long]), ONNXNode(opType: "Neg", inputs: [long], outputs: ["w"])]
    #expect(try refusal(leaf: leaf, levels: 15)?.message.contains("names that the model's functions make take over 256 MiB") == true)
  }

  @Test func `a function's own name is cut short where it stands before others`() throws {
    let long = String(repeating: "f", count: 100_000)
    let nodes = [ONNXNode(opType: "Neg", inputs: ["v"], outputs: ["t"]), ONNXNode(opType: "Neg", inputs: ["t"], outputs: ["w"])]
    var model = SmallModel(nodes: [call(long, "x", "y")], inputs: [("x", SmallModel.float, [2])], outputs: ["y"]).model
    model.opsetImports["own"] = 1
    model.functions = [ONNXFunction(name: long, domain: "own", inputs: ["v"], outputs: ["w"], nodes: nodes, opsetImports: ["": 13])]
    let inlined = try FunctionInlining.inlined(model)
    #expect(inlined.graph.nodes[0].outputs[0].utf8.count < 64)
  }
}

/// Operator sets before 7, and after the newest that every operator is known of.
struct OperatorSetTests {
  @Test func `before set 7 an operand stands at the axis that an attribute names`() throws {
    var small = SmallModel(
      constants: ["b": HostTensor([Float(10), 20], dimensions: [2])], inputs: [("x", SmallModel.float, [1, 2, 2])], outputs: ["y"], opset: 6)
    small.append("Add", ["x", "b"], ["y"], ["broadcast": .integer(1), "axis": .integer(1)])
    let x = HostTensor([Float(1), 2, 3, 4], dimensions: [1, 2, 2])
    #expect(try small.run(x)[0].floats() == [11, 12, 23, 24])
    #expect(try small.evaluated(x)[0].floats() == [11, 12, 23, 24])
    small.nodes[0].attributes["axis"] = .integer(2)
    #expect(try small.run(x)[0].floats() == [11, 22, 13, 24])
  }

  @Test func `before set 7 a PRelu has one slope a channel`() throws {
    var small = SmallModel(
      constants: ["slope": HostTensor([Float(10), 100], dimensions: [2])], inputs: [("x", SmallModel.float, [1, 2, 3])], outputs: ["y"], opset: 6)
    small.append("PRelu", ["x", "slope"], ["y"])
    let x = HostTensor([Float(-1), 2, -3, -4, 5, -6], dimensions: [1, 2, 3])
    #expect(try small.run(x)[0].floats() == [-10, 2, -30, -400, 5, -600])
    small.opset = 7
    #expect(throws: CompilerError.self) { try small.run(x) }
  }

  @Test func `before set 6 a Cast names its type`() throws {
    var small = SmallModel(inputs: [("x", SmallModel.float, [2])], outputs: ["y"], opset: 5)
    small.append("Cast", ["x"], ["y"], ["to": .string("INT32")])
    #expect(try small.evaluated(HostTensor([Float(1.5), -2.5], dimensions: [2])) == [HostTensor([Int32(1), -2], dimensions: [2])])
  }

  @Test(arguments: [0, 29, 1000]) func `operator sets that nobody knows are refused`(version: Int) throws {
    var small = SmallModel(inputs: [("x", SmallModel.float, [1])], outputs: ["y"], opset: version)
    small.append("Relu", ["x"], ["y"])
    for attempt in [{ _ = try small.compiled() }, { _ = try ReferenceEvaluation(small.model) }] {
      #expect(
        throws: CompilerError(.unsupported, "the model uses operator set \(version); 1 to 28 are supported: export it again with one of these")
      ) { try attempt() }
    }
  }
}

/// A model compiled for the tensors that it is to run on.
struct BoundCompilationTests {
  private func reshaping() -> SmallModel {
    var small = SmallModel(inputs: [("x", SmallModel.float, [2, 3]), ("shape", SmallModel.int64, [2])], outputs: ["y"])
    small.append("Relu", ["x"], ["r"])
    small.append("Reshape", ["r", "shape"], ["y"])
    return small
  }

  private let x = HostTensor((0..<6).map { Float($0) }, dimensions: [2, 3])

  @Test func `an input whose value decides shapes becomes a constant, and no other`() throws {
    let shape = HostTensor([Int64(3), 2], dimensions: [2])
    let bound = try BoundCompilation(reshaping().model, name: "r", inputs: ["x": x, "shape": shape])
    #expect(bound.constants == ["shape"])
    #expect(bound.model.program.inputs.map(\.name) == ["x"])
    #expect(bound.model.program.outputs[0].declaredDimensions == [3, 2])
  }

  @Test func `what would leave nothing to run is left to evaluation`() throws {
    var small = SmallModel(inputs: [("x", SmallModel.int64, [1])], outputs: ["y"])
    small.append("ConstantOfShape", ["x"], ["y"])
    #expect(throws: CompilerError(.unsupported, "its shapes depend on the values of all its inputs")) {
      try BoundCompilation(small.model, name: "c", inputs: ["x": HostTensor([Int64(3)], dimensions: [1])])
    }
  }

  @Test func `a value that float32 can't hold is left to evaluation`() throws {
    var small = SmallModel(inputs: [("x", 11, [1])], outputs: ["y"])
    small.append("Add", ["x", "x"], ["y"])
    let large = HostTensor([1e200], dimensions: [1])
    #expect(throws: CompilerError(.unsupported, "input 'x' holds 1e+200, which is beyond the float32 that programs compute in")) {
      try BoundCompilation(small.model, name: "c", inputs: ["x": large])
    }
    #expect(try small.evaluated(large)[0].values(as: Double.self) == [2e200])
  }
}
