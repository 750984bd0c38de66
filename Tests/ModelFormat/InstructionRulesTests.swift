import ModelFormat
import Tensors
import Testing

struct InstructionRulesTests {
  /// A valid program with one thing changed, and what the refusal says.
  struct Case: Sendable {
    var message: String
    var program: Program
    init(_ message: String, _ program: Program, _ change: (inout Program) -> Void) {
      self.message = message
      self.program = program
      change(&self.program)
    }
  }

  static let convolutions: [Case] = [
    Case("names tensor 77", TestProgram.floatConvolution) { $0.convolve { $0.input = 77 } },
    Case("is no image", TestProgram.floatConvolution) { $0.tensors[0].dimensions = [16, 2] },
    Case("weights that are no constant", TestProgram.floatConvolution) { $0.tensors[2].storage = .arena(offset: 0) },
    Case("lies among the weights", TestProgram.floatConvolution) { $0.tensors[1].storage = .weights(offset: 0) },
    Case("has 2 groups", TestProgram.floatConvolution) { $0.convolve { $0.groups = 2 } },
    Case("has 0 groups", TestProgram.floatConvolution) { $0.convolve { $0.groups = 0 } },
    Case("has weights", TestProgram.floatConvolution) { $0.tensors[2].dimensions = [2, 1, 1, 3] },
    Case("window out of range", TestProgram.floatConvolution) { $0.convolve { $0.strides.width = 0 } },
    Case("window out of range", TestProgram.floatConvolution) { $0.convolve { $0.padding.top = -1 } },
    Case("where its window fits", TestProgram.floatConvolution) { $0.convolve { $0.strides.height = 2 } },
    Case("adds", TestProgram.floatConvolution) { $0.convolve { $0.residual = 0 } },
    Case("bias", TestProgram.floatConvolution) { $0.tensors[3].dimensions = [4] },
    Case("mixes float and integer", TestProgram.floatConvolution) { $0.tensors[2].elementType = .int8 },
    Case("integer constants on float", TestProgram.floatConvolution) { $0.convolve { $0.table = 3 } },
    Case("narrow weights of 3 bits", TestProgram.narrowConvolution) { $0.convolve { $0.narrow?.bits = 3 } },
    Case("narrow weights of 4 bits in int8", TestProgram.narrowConvolution) {
      $0.tensors[2].dimensions = [3, 1, 1, 1]
      $0.convolve { $0.narrow?.bits = 4 }
    },
    Case("in groups of 3", TestProgram.narrowConvolution) { $0.convolve { $0.narrow?.group = 3 } },
    Case("in groups of 0", TestProgram.narrowConvolution) { $0.convolve { $0.narrow?.group = 0 } },
    Case("scales", TestProgram.narrowConvolution) { $0.tensors[4].dimensions = [2] },
    Case("mixes float and integer", TestProgram.narrowConvolution) { $0.convolve { $0.narrow = nil } },
    Case("lacks bias or multipliers", TestProgram.integerConvolution) { $0.convolve { $0.multipliers = nil } },
    Case("lacks bias or multipliers", TestProgram.integerConvolution) { $0.convolve { $0.bias = nil } },
    Case("table", TestProgram.integerConvolution) { $0.tensors[5].dimensions = [255] },
    Case("integer constants on float", TestProgram.floatConvolution) { $0.convolve { $0.gates = 3 } },
    Case("gates", TestProgram.gatedConvolution) { $0.tensors[5].dimensions = [255] },
    Case("has gates beside a table", TestProgram.gatedConvolution) { $0.convolve { $0.table = 5 } },
    Case("of the factor 0", TestProgram.gatedConvolution) { $0.convolve { $0.gateFactor = 0 } },
    Case("of the factor 32768", TestProgram.gatedConvolution) { $0.convolve { $0.gateFactor = 32768 } },
    Case("integer bounds outside", TestProgram.integerConvolution) { $0.convolve { $0.middleUpper = 256 } },
    Case("scale", TestProgram.integerConvolution) { $0.convolve { $0.middleScale = .infinity } },
    Case("scale", TestProgram.integerConvolution) { $0.convolve { $0.middleScale = 0 } },
    Case("neither float32 nor quantised", TestProgram.integerConvolution) { $0.tensors[0].quantisation = nil },
  ]

  static let images: [Case] = [
    Case("pools", TestProgram.pooling) { $0.tensors[1].dimensions = [1, 2, 2, 1] },
    Case("changes the quantisation", TestProgram.pooling) { $0.tensors[1].quantisation = Quantisation(scale: 1, zeroPoint: 3) },
    Case("where its window fits", TestProgram.pooling) { $0.tensors[1].dimensions = [1, 4, 4, 2] },
    Case("resizes", TestProgram.resize) { $0.tensors[1].dimensions = [1, 4, 4, 2] },
    Case("table", TestProgram.resize) { $0.tensors[2].dimensions = [7] },
    Case("fractions", TestProgram.resize) { $0.tensors[3].elementType = .int32 },
  ]

  static let elements: [Case] = [
    Case("broadcasts", TestProgram.binary) { $0.tensors[2].dimensions = [2] },
    Case("mixes float and integer", TestProgram.binary) { $0.tensors[2] = TestProgram.arena("z", .uint8, [3], at: 512, TestProgram.form) },
    Case("maps", TestProgram.unary) { $0.tensors[1].dimensions = [7] },
    Case("maps", TestProgram.unary) { $0.tensors[0].elementType = .int32 },
    Case("maps", TestProgram.lookup) { $0.tensors[1].dimensions = [7] },
    Case("table", TestProgram.lookup) { $0.tensors[2].storage = .arena(offset: 0) },
    Case("converts", TestProgram.quantise) { $0.tensors[1].dimensions = [7] },
    Case("converts int32", TestProgram.quantise) { $0.tensors[0].elementType = .int32 },
    Case("converts float32", TestProgram.quantise) { $0.tensors[1] = TestProgram.arena("y", .float32, [8], at: 256) },
    Case("maps", TestProgram.softmax) { $0.tensors[1].dimensions = [4, 2] },
    Case("reaches outside 'x'", TestProgram.copy) { $0.copy { $0.inputOffset = 1 } },
    Case("reaches outside 'x'", TestProgram.copy) { $0.copy { $0.inputStrides = [-1, 4] } },
    Case("reaches outside 'y'", TestProgram.copy) { $0.copy { $0.outputStrides = [3, 1] } },
    Case("reaches outside", TestProgram.copy) { $0.copy { $0.inputStrides = [.max, .max] } },
    Case("extent out of range", TestProgram.copy) { $0.copy { $0.extents = [4, 0] } },
    Case("don't fit its extents", TestProgram.copy) { $0.copy { $0.extents = [4] } },
    Case("copies float32 to int8", TestProgram.copy) { $0.tensors[1].elementType = .int8 },
    Case("lies among the weights", TestProgram.fill) { $0.tensors[0].storage = .weights(offset: 0) },
    Case("empty axis", TestProgram.reduction) { $0.reduce { $0.inner = 0 } },
    Case("reduces", TestProgram.reduction) { $0.reduce { $0.outer = 3 } },
    Case("needs float", TestProgram.reduction) { $0.reduce { $0.kind = .sum } },
    Case("multiplies something else", TestProgram.matrixProduct) { $0.tensors[0].elementType = .int32 },
    Case("makes", TestProgram.matrixProduct) { $0.multiply { $0.n = 5 } },
    Case("reaches outside", TestProgram.matrixProduct) { $0.multiply { $0.k = 4 } },
    Case("strides out of range", TestProgram.matrixProduct) { $0.multiply { $0.rightBatchStride = -1 } },
  ]

  static let whole: [Case] = [
    Case("rule that needs float", TestProgram.wholeReduction) { $0.reduce { $0.kind = .logSumExp } },
    Case("reduces float64", TestProgram.wholeReduction) { for i in 0...1 { $0.tensors[i].elementType = .float64 } },
    Case("rule that needs float", TestProgram.wholeReduction) { for i in 0...1 { $0.tensors[i].elementType = .bool } },
    Case("makes bool", TestProgram.arithmetic) { $0.instructions[0] = .arithmetic(Arithmetic(operation: .add, left: 0, right: 2, output: 1)) },
    Case("computes with int64", TestProgram.arithmetic) { $0.tensors[2].elementType = .int32 },
    Case("computes with float64", TestProgram.arithmetic) { for i in [0, 2] { $0.tensors[i].elementType = .float64 } },
    Case("broadcasts", TestProgram.arithmetic) { $0.tensors[2].dimensions = [2] },
    Case("takes quantised", TestProgram.arithmetic) { for i in [0, 2] { $0.tensors[i].elementType = .int8; $0.tensors[i].quantisation = TestProgram.form } },
    Case("maps float32", TestProgram.mapping) { for i in 0...1 { $0.tensors[i].elementType = .float32 } },
    Case("makes int8", TestProgram.mapping) { $0.tensors[1].elementType = .int8 },
    Case("converts", TestProgram.cast) { $0.tensors[1].dimensions = [7] },
    Case("chooses by int8", TestProgram.select) { $0.tensors[2].elementType = .int8 },
    Case("mixes types", TestProgram.select) { $0.tensors[0].quantisation = nil },
    Case("broadcasts", TestProgram.select) { $0.tensors[2].dimensions = [4] },
    Case("mixes types", TestProgram.gather) { $0.tensors[1].elementType = .int32 },
    Case("has 0 coordinates", TestProgram.gather) { $0.gather { $0.extents = [] } },
    Case("empty axis", TestProgram.gather) { $0.gather { $0.extents = [0, 4] } },
    Case("empty axis", TestProgram.gather) { $0.gather { $0.inner = -5 } },
    Case("takes", TestProgram.gather) { $0.gather { $0.extents = [.max, .max] } },
    Case("takes", TestProgram.gather) { $0.gather { $0.count = 7 } },
    Case("takes", TestProgram.gather) { $0.gather { $0.sharesIndices = false } },
    Case("has indices of int8", TestProgram.gather) { $0.tensors[2].elementType = .int8 },
    Case("overwrites 'i', which it reads", TestProgram.gather) { $0.tensors[2].storage = .arena(offset: 508) },
    Case("takes", TestProgram.scatter) { $0.scatter { $0.inner = 4 } },
    Case("mixes types", TestProgram.scatter) { $0.tensors[3].elementType = .float32 },
    Case("overwrites 'i', which it reads", TestProgram.scatter) { $0.tensors[2].storage = .arena(offset: 512) },
    Case("computes with bool", TestProgram.scatter) { for i in [0, 1, 3] { $0.tensors[i].elementType = .bool } },
    Case("positions as int32", TestProgram.argReduction) { $0.tensors[1].elementType = .int32 },
    Case("compares float64", TestProgram.argReduction) { $0.tensors[0] = TestProgram.arena("x", .float64, [2, 3, 4], at: 0) },
    Case("takes 6 of 5", TestProgram.topK) {
      $0.tensors[1].dimensions = [2, 6]
      $0.instructions[0] = .topK(TopK(input: 0, output: 1, outer: 2, length: 5, count: 6))
    },
    Case("overwrites 'x', which it reads", TestProgram.topK) { $0.tensors[1].storage = .arena(offset: 32) },
    Case("sums float64", TestProgram.cumulativeSum) { for i in 0...1 { $0.tensors[i].elementType = .float64 } },
    Case("takes", TestProgram.cumulativeSum) { $0.tensors[1].dimensions = [2, 3, 5] },
  ]

  /// What an instruction writes must share no byte with what it reads; a unary function may work in place.
  static let overlaps: [Case] =
    [
      TestProgram.floatConvolution, TestProgram.integerConvolution, TestProgram.pooling, TestProgram.binary, TestProgram.lookup, TestProgram.quantise,
      TestProgram.softmax, TestProgram.copy, TestProgram.reduction, TestProgram.resize, TestProgram.matrixProduct, TestProgram.plainConvolution,
      TestProgram.recurrence, TestProgram.attention, TestProgram.rotation, TestProgram.normalisation,
    ].map { program in
      Case("overwrites 'x', which it reads", program) { $0.tensors[1].storage = $0.tensors[0].storage }
    } + [
      Case("overwrites 'x', which it reads", TestProgram.unary) { $0.tensors[1].storage = .arena(offset: 4) },
      Case("more than once", TestProgram.copy) { $0.copy { $0.outputStrides = [0, 1] } },
      Case("more than once", TestProgram.copy) { $0.copy { $0.outputStrides = [1, 1] } },
      Case("more than once", TestProgram.copy) { $0.copy { ($0.outputOffset, $0.outputStrides) = (3, [-1, 1]) } },
    ]

  @Test func `a unary function may work in place, and a copy of one element may stand still`() {
    var unary = TestProgram.unary
    unary.tensors[1].storage = unary.tensors[0].storage
    #expect(unary.refusal() == nil)
    var copy = TestProgram.copy
    copy.copy { ($0.extents, $0.inputStrides, $0.outputStrides) = ([1, 2], [1, 4], [0, 1]) }
    #expect(copy.refusal() == nil)
  }

  @Test(arguments: [Float.nan, .infinity, -4097, 5000]) func `resampling takes fractions up to 4096 only`(fraction: Float) {
    // Behind the table's eight zeros.
    let weights = { (fraction: Float) in [UInt8](repeating: 0, count: 32) + HostTensor([0, 0, fraction, 0], dimensions: [4]).bytes }
    #expect(TestProgram.resizeWithOwnFractions.refusal(weights: weights(fraction))?.contains("has fractions beyond 4096") == true)
    for allowed in [Float(4096), -4096, -0.105, 0] { #expect(TestProgram.resizeWithOwnFractions.refusal(weights: weights(allowed)) == nil) }
  }

  private static let cases = convolutions + images + elements + whole + overlaps

  @Test(arguments: cases.indices) func `a program that breaks one rule is refused with its reason`(index: Int) {
    let broken = Self.cases[index]
    let refusal = broken.program.refusal()
    #expect(refusal?.contains(broken.message) == true, "expected '\(broken.message)', got '\(refusal ?? "accepted")'")
  }
}

extension Program {
  mutating func convolve(_ change: (inout Convolution) -> Void) {
    guard case .convolution(var fields) = instructions[0] else { return }
    change(&fields)
    instructions[0] = .convolution(fields)
  }

  mutating func copy(_ change: (inout StridedCopy) -> Void) {
    guard case .copy(var fields) = instructions[0] else { return }
    change(&fields)
    instructions[0] = .copy(fields)
  }

  mutating func reduce(_ change: (inout Reduction) -> Void) {
    guard case .reduction(var fields) = instructions[0] else { return }
    change(&fields)
    instructions[0] = .reduction(fields)
  }

  mutating func multiply(_ change: (inout MatrixProduct) -> Void) {
    guard case .matrixProduct(var fields) = instructions[0] else { return }
    change(&fields)
    instructions[0] = .matrixProduct(fields)
  }
}
