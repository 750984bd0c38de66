import ModelCompiler
import ModelFormat
import ModelGraph
@testable import ONNX
import Tensors
import Testing

@Suite struct NarrowedWeightsTests {
  /// x [1, 3, depth] × a [depth, outputs], with weights that are the same in every run.
  private func product(depth: Int, outputs: Int) -> SmallModel {
    var model = SmallModel.of([1, 3, depth])
    model.floats("w", SmallModel.numbers(depth * outputs, seed: 7).map { $0 / Float(depth).squareRoot() }, [depth, outputs])
    model.append("MatMul", ["x", "w"], ["y"])
    return model
  }

  private func compiled(_ model: SmallModel, _ weights: WeightPrecision) throws -> CompiledModel {
    var options = CompilationOptions()
    options.weights = weights
    return try ModelCompilation(model.model, name: "small", options: options).compiled()
  }

  private func narrow(_ model: CompiledModel) -> [Convolution.NarrowWeights?] {
    model.program.instructions.compactMap { if case .convolution(let fields) = $0 { .some(fields.narrow) } else { nil } }
  }

  @Test(arguments: [(WeightPrecision.int8, 0.01, 128), (.dynamic, 0.02, 128), (.int4, 0.12, 32)])
  func `large matrices are kept in few bits, and lose little`(_ weights: WeightPrecision, largestError: Double, group: Int) throws {
    let model = product(depth: 128, outputs: 96)
    let plain = try compiled(model, .float)
    let small = try compiled(model, weights)
    #expect(narrow(plain) == [nil])
    #expect(narrow(small).map { $0?.bits } == [Int32(weights.bits)] && narrow(small)[0]?.group == Int32(group))
    #expect(small.weights.count < plain.weights.count * 2 / 5)
    let x = HostTensor(SmallModel.numbers(3 * 128, seed: 9), dimensions: [1, 3, 128])
    let (exact, given) = (try model.run(plain, [x])[0].floats(), try model.run(small, [x])[0].floats())
    let differences = zip(exact, given).map { Double($0 - $1) }
    let error = differences.reduce(0) { $0 + $1 * $1 }
    let energy = exact.reduce(Double(0)) { $0 + Double($1) * Double($1) }
    #expect((error / energy).squareRoot() < largestError)
  }

  @Test func `activations may be rounded as the weights' form says`() throws {
    let model = product(depth: 128, outputs: 96)
    for (weights, bits) in [(WeightPrecision.int8, 16), (.dynamic, 8), (.int4, 32)] as [(WeightPrecision, Int32)] {
      #expect(narrow(try compiled(model, weights)).map { $0?.activationBits } == [bits])
    }
  }

  @Test func `an embedding that also makes the scores is kept once, in 8 bits`() throws {
    var model = SmallModel(outputs: ["rows", "scores"])
    model.inputs = [("token", SmallModel.int64, [1])]
    model.floats("table", SmallModel.numbers(1100 * 64, seed: 3), [1100, 64])
    model.append("Gather", ["table", "token"], ["rows"])
    model.append("Gemm", ["rows", "table"], ["scores"], ["transB": .integer(1)])
    let (plain, small) = (try compiled(model, .float), try compiled(model, .int8))
    #expect(plain.weights.count >= 1100 * 64 * 4)
    // A byte an element, a scale a row.
    #expect(small.weights.count < 1100 * 68 + 256)
    let token = [HostTensor([Int64(-3)], dimensions: [1])]
    let (exact, given) = (try model.run(plain, token), try model.run(small, token))
    #expect(zip(exact[0].floats(), given[0].floats()).allSatisfy { abs($0 - $1) < 0.005 })
    #expect(zip(exact[1].floats(), given[1].floats()).allSatisfy { abs($0 - $1) < 0.05 })
  }

  @Test func `forms of constants are made once for equal elements`() {
    let forms = ConstantForms()
    var made = 0
    func form(_ values: [Float], _ name: String) -> [Float]? {
      forms.forms(of: HostTensor(values, dimensions: [values.count]), as: name) {
        made += 1
        return values.isEmpty ? nil : [HostTensor(values.map { 2 * $0 }, dimensions: [values.count])]
      }?[0].floats()
    }
    #expect(form([1, 2], "twice") == [2, 4] && form([1, 2], "twice") == [2, 4] && made == 1)
    #expect(form([1, 3], "twice") == [2, 6] && form([1, 2], "other") == [2, 4] && made == 3)
    #expect(form([], "twice") == nil && form([], "twice") == nil && made == 5)
  }

  @Test func `weights that are multiples of their scale come through exactly`() throws {
    var model = SmallModel.of([1, 2, 64])
    let multiples = (0..<64 * 64).map { ($0 / 64 * 5 + $0) % 16 - 8 }
    model.floats("w", multiples.map { Float($0) / 4 }, [64, 64])
    model.append("MatMul", ["x", "w"], ["y"])
    let x = HostTensor((0..<128).map { Float($0 % 9) - 4 }, dimensions: [1, 2, 64])
    #expect(try model.run(compiled(model, .int4), [x]) == model.run(compiled(model, .float), [x]))
  }

  @Test func `what doesn't pair up takes 8 bits; small, depthwise and endless weights stay float`() throws {
    #expect(narrow(try compiled(product(depth: 127, outputs: 64), .int4)).map { $0?.bits } == [8])
    #expect(narrow(try compiled(product(depth: 32, outputs: 64), .int8)) == [nil])
    var depthwise = SmallModel.of([1, 600, 8, 8])
    depthwise.floats("w", [Float](repeating: 0.5, count: 600 * 9), [600, 1, 3, 3])
    depthwise.append("Conv", ["x", "w"], ["y"], ["group": .integer(600)])
    #expect(narrow(try compiled(depthwise, .int8)) == [nil])
    var endless = product(depth: 128, outputs: 64)
    endless.floats("w", [Float](repeating: 1, count: 128 * 64 - 1) + [.infinity], [128, 64])
    #expect(narrow(try compiled(endless, .int4)) == [nil])
    var huge = product(depth: 128, outputs: 64)
    huge.floats("w", (0..<128 * 64).map { Float($0 % 31 - 15) * 1e30 }, [128, 64])
    #expect(narrow(try compiled(huge, .int4)).map { $0?.bits } == [4])
  }
}
