import ModelCompiler
@testable import ONNX
import Tensors
import Testing

/// What an import refuses, and that its one line says which node or input, what was wrong and what to do.
struct ImportErrorsTests {
  private func refusal(_ model: ONNXModel, options: CompilationOptions = CompilationOptions()) -> CompilerError? {
    do throws(CompilerError) {
      _ = try ModelCompilation(model, name: "small", options: options)
      return nil
    } catch {
      return error
    }
  }

  private func expect(_ model: ONNXModel, _ code: CompilerError.Code, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation) {
    let error = refusal(model)
    #expect(error?.code == code, "\(error?.message ?? "accepted")", sourceLocation: sourceLocation)
    for part in parts { #expect(error?.message.contains(part) == true, "\(error?.message ?? "") lacks '\(part)'", sourceLocation: sourceLocation) }
    #expect(error?.message.contains("\n") != true, "one line", sourceLocation: sourceLocation)
  }

  private var negation: SmallModel {
    var model = SmallModel(inputs: [("x", SmallModel.float, [2, 3])], outputs: ["y"])
    model.append("Neg", ["x"], ["y"])
    return model
  }

  @Test(arguments: [29, 1000, 0, -1]) func `operator sets outside the supported ones are refused with what to do`(opset: Int) {
    var model = negation
    model.opset = opset
    expect(model.model, .unsupported, "operator set \(opset);", "1 to 28", "export it again")
  }

  @Test(arguments: [1, 6, 7, 13, 23, 28]) func `the supported operator sets are taken`(opset: Int) {
    var model = negation
    model.opset = opset
    #expect(refusal(model.model) == nil)
  }

  @Test func `every missing operator is named at once`() {
    var model = negation
    model.append("Whirl", ["y"], ["a"])
    model.append("Whirl", ["a"], ["b"])
    model.append("Twirl", ["b"], ["c"])
    expect(model.model, .unsupported, "Whirl (2×: ", "Twirl (1×: ")
    var foreign = negation.model
    foreign.graph.nodes[0].domain = "com.example"
    expect(foreign, .unsupported, "com.example.Neg")
  }

  @Test func `values that nothing makes, values made twice and cycles`() {
    var unknown = negation
    unknown.append("Abs", ["nowhere"], ["z"])
    expect(unknown.model, .invalid, "'n1' (Abs)", "'nowhere'")
    var twice = negation
    twice.append("Abs", ["x"], ["y"])
    expect(twice.model, .invalid, "'n1' (Abs)", "'y' a second time")
    var cycle = SmallModel(inputs: [("x", SmallModel.float, [2, 3])], outputs: ["y"])
    cycle.append("Add", ["x", "b"], ["a"])
    cycle.append("Abs", ["a"], ["b"])
    cycle.append("Neg", ["b"], ["y"])
    expect(cycle.model, .invalid, "'n0' (Add)", "'b'", "which nothing before it makes")
    var itself = SmallModel(inputs: [("x", SmallModel.float, [2, 3])], outputs: ["y"])
    itself.append("Neg", ["y"], ["y"])
    expect(itself.model, .invalid, "'y'")
    var input = negation
    input.append("Abs", ["y"], ["x"])
    expect(input.model, .invalid, "'x' a second time")
  }

  @Test func `a nameless node is called by its position`() {
    var model = negation.model
    model.graph.nodes[0].name = ""
    model.graph.nodes[0].inputs = ["nowhere"]
    expect(model, .invalid, "node 0 (Neg)")
  }

  @Test func `outputs that no node makes, and models without outputs`() {
    var model = negation
    model.outputs = ["z"]
    expect(model.model, .invalid, "'z'")
    model.outputs = []
    expect(model.model, .invalid, "no outputs")
  }

  @Test func `inputs without type, without shape, of open and of impossible shapes`() {
    var model = negation.model
    model.graph.inputs[0].dataType = nil
    expect(model, .unsupported, "input 'x'", "type")
    model = negation.model
    model.graph.inputs[0].dimensions = nil
    expect(model, .unsupported, "input 'x'", "--shape x=")
    model.graph.inputs[0].dimensions = [.size(1), .symbol("width")]
    expect(model, .unsupported, "[1, width]", "--shape")
    model.graph.inputs[0].dimensions = [.size(1 << 40), .size(1 << 40)]
    expect(model, .invalid, "impossible shape")
    model.graph.inputs[0].dimensions = [.size(1 << 40)]
    expect(model, .invalid, "impossible shape")
  }

  @Test func `a symbolic batch is 1`() throws {
    var model = negation.model
    model.graph.inputs[0].dimensions = [.symbol("batch"), .size(3)]
    let compiled = try ModelCompilation(model, name: "small").compiled()
    #expect(compiled.program.inputs[0].declaredDimensions == [1, 3])
  }

  @Test func `shapes that the user binds have to fit`() throws {
    var options = CompilationOptions()
    options.shapes = ["x": [2, 4]]
    #expect(refusal(negation.model, options: options)?.message.contains("contradicts") == true)
    options.shapes = ["z": [2, 3]]
    #expect(refusal(negation.model, options: options)?.message.contains("no input of the model; it has: x") == true)
    var model = negation.model
    model.graph.inputs[0].dimensions = [.symbol("n"), .symbol("m")]
    options.shapes = ["x": [4, 5]]
    #expect(try ModelCompilation(model, name: "small", options: options).compiled().program.inputs[0].declaredDimensions == [4, 5])
    for impossible in [[-1, 5], [1 << 40, 1 << 40]] {
      options.shapes = ["x": impossible]
      #expect(refusal(model, options: options)?.code == .invalid)
    }
    options.shapes = [:]
    options.constants = ["z": HostTensor([Float(0)], dimensions: [1])]
    #expect(refusal(negation.model, options: options)?.message.contains("no input of the model; it has: x") == true)
    options.constants = ["x": HostTensor([Float(0)], dimensions: [1])]
    #expect(refusal(negation.model, options: options)?.message.contains("[1]; the model declares [2, 3]") == true)
  }

  @Test func `initialisers of impossible shapes`() {
    var model = negation
    model.constants = ["c": HostTensor([Float](), dimensions: [0, 1 << 40])]
    expect(model.model, .invalid, "initialiser 'c'", "impossible shape")
  }

  @Test func `attributes and inputs that an operator can't take name the node`() {
    var group = SmallModel(inputs: [("x", SmallModel.float, [1, 2, 4, 4])], outputs: ["y"])
    group.constants = ["w": HostTensor([Float](repeating: 1, count: 4), dimensions: [2, 2, 1, 1])]
    group.append("Conv", ["x", "w"], ["y"], ["group": .integer(0)])
    expect(group.model, .invalid, "'n0' (Conv)", "group")
    group.nodes[0].attributes = ["group": .integer(3)]
    expect(group.model, .invalid, "'n0' (Conv)", "3 groups")
    var few = SmallModel(inputs: [("x", SmallModel.float, [2, 3])], outputs: ["y"])
    few.append("MatMul", ["x"], ["y"])
    expect(few.model, .invalid, "'n0' (MatMul)")
  }
}
