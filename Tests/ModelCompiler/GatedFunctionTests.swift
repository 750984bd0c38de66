@testable import ModelCompiler
import ModelFormat
import ModelGraph
import Operators
import Tensors
import Testing

@Suite struct GatedFunctionTests {
  private func silu(_ x: Float) -> Float { UnaryFunction.silu(x, alpha: 0, beta: 0) }

  @Test(arguments: [ElementType.uint8, .int8])
  func `gates give SiLU within about a step, where 256 levels before it err by several`(_ type: ElementType) throws {
    let after = StoredQuantisation.covering(-0.3...4, as: type)
    let before = try #require(GatedFunction.form(reaching: 8, before: after))
    #expect(before.quantisation.scale * 32768 >= 8 && before.quantisation.scale * 32768 < 8.1)
    let gates = try #require(GatedFunction(from: before, to: after, silu))
    let coarse = StoredQuantisation.covering(-8...4)
    var (worst, worstByTable): (Float, Float) = (0, 0)
    for place in 0..<12_000 {
      let x = Float(place) / 1000 - 8
      let exact = silu(x)
      let given = after.quantisation.dequantised(gates.stored(before.quantisation.quantised(x, in: -32768...32767)))
      worst = max(worst, abs(given - exact))
      let rounded = silu(coarse.value(ofByte: coarse.byte(of: x)))
      worstByTable = max(worstByTable, abs(after.quantisation.dequantised(after.quantisation.quantised(rounded, in: type.eightBitRange!)) - exact))
    }
    #expect(worst <= 1.1 * after.quantisation.scale)
    #expect(worstByTable > 1.5 * after.quantisation.scale)
  }

  @Test func `no gates lead between forms too far apart, or for functions that aren't numbers`() throws {
    let after = StoredQuantisation.covering(0...1)
    #expect(GatedFunction.form(reaching: 1000, before: after) == nil)
    #expect(GatedFunction.form(reaching: .infinity, before: after) == nil)
    #expect(GatedFunction(from: StoredQuantisation(.int16, Quantisation(scale: 1, zeroPoint: 0)), to: after, silu) == nil)
    #expect(GatedFunction(from: after, to: after, silu) == nil)
    let before = try #require(GatedFunction.form(reaching: 2, before: after))
    #expect(GatedFunction(from: before, to: after, { _ in .nan })?.gates == [UInt8](repeating: 0, count: 256))
  }

  @Test func `calibration gives SiLU gates, and a plain table to what they don't serve`() throws {
    let elements = (0..<20_000).map { Float($0 % 1000) / 60 - 10 }
    for (name, function, isGated) in [("Sigmoid", UnaryFunction.sigmoid, false), ("Silu", .silu, true), ("Hard swish", .hardSwish, true)] {
      var observed = ObservedValues(method: .meanSquaredError)
      observed.observe("x", elements, dimensions: [])
      observed.count("x", elements)
      let pair = try #require(RangeSearch.pair(of: observed["x"]!, before: { function($0, alpha: 1 / 6, beta: 0.5) }))
      #expect((pair.before.elementType == .int16) == isGated, "\(name)")
    }
  }

  @Test func `gates follow where the result's form has become coarser since`() throws {
    let (narrow, wide) = (StoredQuantisation.covering(-0.3...4), StoredQuantisation.covering(-0.3...6.9))
    let before = try #require(GatedFunction.form(reaching: 8, before: narrow))
    let gates = try #require(GatedFunction(from: before, to: wide, silu))
    #expect(gates.before.quantisation.scale * 32768 >= 7.999)
    for x in [1, 2, 3, 4, 5, 6, 6.5] as [Float] {
      let given = wide.quantisation.dequantised(gates.stored(gates.before.quantisation.quantised(x, in: -32768...32767)))
      #expect(abs(given - silu(x)) <= 0.75 * wide.quantisation.scale, "\(x)")
    }
  }

  @Test func `a convolution with SiLU compiles to gates, and runs`() throws {
    var model = SmallModel.of([1, 2, 8, 8])
    model.floats("w", [1, 0.5, -1, 0.25], [2, 2, 1, 1])
    model.append("Conv", ["x", "w"], ["a"])
    model.append("Sigmoid", ["a"], ["s"])
    model.append("Mul", ["a", "s"], ["b"])
    model.append("Conv", ["b", "w"], ["y"])
    var observed = ObservedValues(method: .meanSquaredError)
    for name in ["x", "a", "b"] {
      let elements = (0..<4096).map { Float($0 % 512) / 64 - 5 }
      observed.observe(name, elements, dimensions: [])
      observed.count(name, elements)
    }
    observed.countSample()
    var result = CalibrationResult(observed: observed)
    let compilation = try ModelCompilation(model.model, name: "small")
    let compiled = try compilation.quantised(by: result)
    let gated = { (model: CompiledModel) in
      model.program.instructions.compactMap { instruction -> Convolution? in
        if case .convolution(let fields) = instruction, fields.gates != nil { fields } else { nil }
      }
    }
    #expect(gated(compiled).count == 1 && gated(compiled)[0].table == nil)
    // Ranges that were chosen once give the same, until another method is asked for.
    result.chooseRanges(compilation.canonicalGraph)
    #expect(try compilation.quantised(by: result).program == compiled.program)
    var other = result
    other.method = .minMax
    #expect(gated(try compilation.quantised(by: other)).isEmpty)
    // The function's result in float takes the gates away, and its reader's integers.
    result.keptFloat = ["b"]
    let float = try compilation.quantised(by: result)
    #expect(gated(float).isEmpty && float.program.floatShare == 1 && float.manifest.calibration?.floatValues == ["b"])
    let inputs = (0..<128).map { Float($0 % 37) / 10 - 1.5 }
    let outputs = try model.run(compiled, [HostTensor(inputs, dimensions: [1, 2, 8, 8])])[0].floats()
    for place in 0..<64 {
      let (first, second) = (inputs[place], inputs[place + 64])
      let (a, b) = (silu(first + 0.5 * second), silu(-first + 0.25 * second))
      #expect(abs(outputs[place] - (a + 0.5 * b)) < 0.08)
      #expect(abs(outputs[place + 64] - (-a + 0.25 * b)) < 0.08)
    }
  }
}
