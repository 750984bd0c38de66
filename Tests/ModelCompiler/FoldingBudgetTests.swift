import ModelCompiler
@testable import ONNX
import Tensors
import Testing

/// Constants that a few bytes ask for: refused by the name of the node before they are made.
struct FoldingBudgetTests {
  private let memory = "computes constants of over 256 MiB together with the nodes before it"
  private let work = "computes constants in over 8589934592 steps together with the nodes before it"

  private func filled(_ name: String, _ shape: [Int64], _ value: HostTensor, in model: inout SmallModel) {
    model.constants["\(name).shape"] = HostTensor(shape, dimensions: [shape.count])
    model.append("ConstantOfShape", ["\(name).shape"], [name], ["value": .tensor(value)])
  }

  private func refuses(_ model: SmallModel, _ reason: String, at type: String) {
    let error = #expect(throws: CompilerError.self) { _ = try model.compiled() }
    #expect(error?.message.contains(reason) == true && error?.message.contains("(\(type))") == true, "\(error?.message ?? "")")
  }

  private let truth = HostTensor(elementType: .bool, dimensions: [1], bytes: [1])
  private let one = HostTensor([Float(1)], dimensions: [1])

  @Test func `the places of what is not zero take many times what the elements do`() {
    var model = SmallModel.of([1])
    filled("c", [Int64](repeating: 2, count: 21), truth, in: &model)
    model.append("NonZero", ["c"], ["y"])
    // 21 coordinates for each of 2^21 elements.
    refuses(model, memory, at: "NonZero")
  }

  @Test func `what different elements take is charged before they are told apart`() {
    var model = SmallModel.of([1])
    filled("c", [1 << 24], truth, in: &model)
    model.append("Unique", ["c"], ["y"])
    refuses(model, memory, at: "Unique")
  }

  @Test func `outputs that follow from shapes are charged, too`() {
    var model = SmallModel.of([4096, 4096], outputs: (0..<3).map { "y\($0)" })
    for index in 0..<3 { model.append("EyeLike", ["x"], ["y\(index)"], ["dtype": .integer(11)]) }
    // 128 MiB each.
    refuses(model, memory, at: "EyeLike")
  }

  @Test func `an empty tensor of long axes isn't folded`() {
    var model = SmallModel.of([1])
    filled("a", [1 << 27, 0, 1], one, in: &model)
    filled("b", [1 << 27, 1, 1], one, in: &model)
    model.append("MatMul", ["a", "b"], ["y"])
    refuses(model, memory, at: "ConstantOfShape")
  }

  @Test func `intermediate results count`() {
    var model = SmallModel.of([1])
    filled("q", [1, 1, 8192, 1], one, in: &model)
    model.append("Attention", ["q", "q", "q"], ["y"])
    model.opset = 23
    refuses(model, memory, at: "Attention")
  }

  @Test func `work is bounded as memory is`() {
    var model = SmallModel.of([1])
    filled("image", [1, 1, 2048, 2048], one, in: &model)
    filled("kernel", [1, 1, 1024, 1024], one, in: &model)
    model.append("Conv", ["image", "kernel"], ["y"])
    refuses(model, work, at: "Conv")
  }

  @Test(arguments: ["MatMul", "MatMulInteger", "Gemm", "ConvTranspose", "MaxPool", "Det", "TfIdfVectorizer", "NonMaxSuppression", "Einsum", "DFT"])
  func `operators whose work grows faster than their tensors say so`(type: String) {
    var model = SmallModel.of([1])
    var attributes: [String: ONNXAttribute] = [:]
    switch type {
    case "MatMulInteger":
      filled("a", [4096, 4096], HostTensor([UInt8(1)], dimensions: [1]), in: &model)
      model.append(type, ["a", "a"], ["y"])
      return refuses(model, work, at: type)
    case "TfIdfVectorizer":
      filled("a", [1 << 16], HostTensor([Int64(1)], dimensions: [1]), in: &model)
      attributes = [
        "mode": .string("TF"), "min_gram_length": .integer(1), "max_gram_length": .integer(1024), "max_skip_count": .integer(65536),
        "ngram_counts": .integers([0]), "pool_int64s": .integers([1]), "ngram_indexes": .integers([0]),
      ]
      model.append(type, ["a"], ["y"], attributes)
      return refuses(model, work, at: type)
    case "ConvTranspose", "MaxPool": filled("a", [1, 1, 1024, 1024], one, in: &model)
    case "NonMaxSuppression":
      filled("boxes", [1, 1 << 17, 4], one, in: &model)
      filled("a", [1, 1, 1 << 17], one, in: &model)
      model.constants["most"] = HostTensor([Int64.max], dimensions: [])
      model.append(type, ["boxes", "a", "most"], ["y"])
      return refuses(model, work, at: type)
    case "DFT":
      filled("a", [1, 1 << 16, 2], one, in: &model)
      model.opset = 17
      attributes["axis"] = .integer(1)
    case "Det": filled("a", [2, 2048, 2048], one, in: &model)
    case "Einsum": filled("a", [2896, 2896], one, in: &model)
    default: filled("a", [4096, 4096], one, in: &model)
    }
    if type == "MaxPool" {
      attributes = ["kernel_shape": .integers([512, 512]), "pads": .integers([256, 256, 256, 256])]
    }
    if type == "Einsum" { attributes["equation"] = .string("ij,jk->ik") }
    model.append(type, ["DFT", "Det", "MaxPool"].contains(type) ? ["a"] : ["a", "a"], ["y"], attributes)
    refuses(model, work, at: type)
  }

  @Test func `what a transposed convolution's phases take is bounded`() {
    var model = SmallModel.of([1, 1, 2, 2])
    model.floats("w", [1], [1, 1, 1, 1])
    model.append("ConvTranspose", ["x", "w"], ["y"], ["strides": .integers([8000, 8000])])
    refuses(model, "would take weights", at: "ConvTranspose")
  }

  @Test func `tables that lowering makes are bounded`() {
    var hardmax = SmallModel.of([1, 1 << 25])
    hardmax.append("Hardmax", ["x"], ["y"])
    refuses(hardmax, "table", at: "Hardmax")
    var grid = SmallModel.of([1, 2, 3])
    grid.constants["size"] = HostTensor([Int64(1), 1, 8192, 8192], dimensions: [4])
    grid.append("AffineGrid", ["x", "size"], ["y"])
    grid.opset = 20
    refuses(grid, "table", at: "AffineGrid")
    var pool = SmallModel.of([1, 1, 1, 1])
    pool.append("LpPool", ["x"], ["y"], ["kernel_shape": .integers([60000, 60000]), "pads": .integers([30000, 30000, 30000, 30000])])
    refuses(pool, "table", at: "LpPool")
  }

  @Test func `the program's constants grow no further than the model's allow`() {
    // Each resizes to a width of its own by a matrix of its own: 16 MiB from a few bytes.
    var model = SmallModel.of([1, 1, 1, 2048], outputs: (0..<20).map { "y\($0)" })
    for index in 0..<20 {
      model.constants["sizes\(index)"] = HostTensor([Int64(1), 1, 1, Int64(2000 - index)], dimensions: [4])
      model.append("Resize", ["x", "", "", "sizes\(index)"], ["y\(index)"], ["mode": .string("cubic")])
    }
    refuses(model, "far more than the model's own", at: "Resize")
  }

  @Test func `what models fold is folded`() throws {
    var model = SmallModel.of([3, 3], outputs: ["y", "places"])
    filled("c", [3, 3], one, in: &model)
    model.append("EyeLike", ["x"], ["e"])
    model.append("MatMul", ["c", "e"], ["p"])
    model.append("Add", ["x", "p"], ["y"])
    model.constants["flags"] = HostTensor([Float(0), -0.0, 2, 3], dimensions: [2, 2])
    model.append("NonZero", ["flags"], ["found"])
    model.append("Identity", ["found"], ["places"])
    let results = try model.evaluated(HostTensor([Float](repeating: 1, count: 9), dimensions: [3, 3]))
    #expect(results[0].floats() == [Float](repeating: 2, count: 9))
    #expect(results[1] == HostTensor([Int64(1), 1, 0, 1], dimensions: [2, 2]))
  }
}
