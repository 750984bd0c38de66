import CPUExecution
@testable import CUDAExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

extension CUDATests {
  /// Every family but convolution, each against the scalar kernels, bit for bit.
  @Suite struct Families {
    let device = EmulatedDevice.shared!

    private func compare(_ builder: ProgramBuilder, _ g: inout SeededGenerator, inputs given: [HostTensor]? = nil, _ comment: String = "") throws {
      let program = builder.program.withRedZones
      var inputs = given ?? builder.program.inputs.map { g.values(of: builder.program.tensors[Int($0.tensor)]) }
      inputs += program.redZones(behind: inputs.count)
      let expected = try CUDATests.run(program, builder.weights, inputs, on: CPUBackend.self, CPUOptions(instructionSet: .scalar))
      device.reset()
      let actual = try CUDATests.run(program, builder.weights, inputs, on: CUDABackend.self, device.options())
      let difference = CUDATests.difference(actual, expected, of: program)
      #expect(difference == nil, "\(comment)")
      #expect(device.overrunCount == 0, "\(comment)")
      #expect(device.aliveCount == 0, "\(comment)")
    }

    @Test(arguments: [Pooling.Kind.maximum, .average], 0..<8) func `pooling`(_ kind: Pooling.Kind, _ seed: Int) throws {
      var g = SeededGenerator(seed: UInt64(seed) &* 31 &+ 7)
      for isFloat in [false, true] {
        let kernel = (g.integer(1...4), g.integer(1...4))
        let padding = Padding(
          top: Int32(g.integer(0...kernel.0 - 1)), left: Int32(g.integer(0...kernel.1 - 1)), bottom: Int32(g.integer(0...kernel.0 - 1)),
          right: Int32(g.integer(0...kernel.1 - 1)))
        let strides = HeightWidth(Int32(g.integer(1...3)), Int32(g.integer(1...3)))
        let input = [g.integer(1...2), kernel.0 + g.integer(0...7), kernel.1 + g.integer(0...7), g.integer(1...21)]
        let output = [
          input[0], (input[1] + Int(padding.top + padding.bottom) - kernel.0) / Int(strides.height) + 1,
          (input[2] + Int(padding.left + padding.right) - kernel.1) / Int(strides.width) + 1, input[3],
        ]
        var builder = ProgramBuilder()
        let type = isFloat ? ElementType.float32 : g.eightBitType()
        let quantisation = isFloat ? nil : g.quantisation(type)
        let from = builder.input(input, type, quantisation)
        let to = builder.output(output, type, isFloat || kind == .maximum ? quantisation : g.quantisation(type))
        builder.append(
          .pooling(
            Pooling(
              kind: kind, input: from, output: to, kernel: HeightWidth(Int32(kernel.0), Int32(kernel.1)), strides: strides, padding: padding,
              countsPadding: g.flag())))
        try compare(builder, &g, isFloat ? "float" : "integer")
      }
    }

    @Test(arguments: Binary.Operation.allCases)
    func `two tensors with all broadcasts`(_ operation: Binary.Operation) throws {
      var g = SeededGenerator(seed: UInt64(operation.rawValue) &+ 90)
      let shapes: [([Int], [Int])] = [
        ([2, 3, 4, 5], [2, 3, 4, 5]), ([2, 3, 4, 5], [1]), ([2, 3, 4, 5], [5]), ([2, 1, 4, 1], [3, 1, 5]), ([1, 7], [9, 1]), ([300], [300]),
      ]
      for (left, right) in shapes {
        let rank = max(left.count, right.count)
        let padded = [left, right].map { [Int](repeating: 1, count: rank - $0.count) + $0 }
        let output = zip(padded[0], padded[1]).map { max($0, $1) }
        for isFloat in [false, true] {
          var builder = ProgramBuilder()
          func tensor(_ shape: [Int], _ add: (inout ProgramBuilder, [Int], ElementType, Quantisation?) -> TensorIndex) -> TensorIndex {
            let type = isFloat ? ElementType.float32 : g.eightBitType()
            return add(&builder, shape, type, isFloat ? nil : g.quantisation(type))
          }
          let one = tensor(left) { $0.input($1, $2, $3) }
          let other = tensor(right) { $0.input($1, $2, $3) }
          var binary = Binary(operation: operation, left: one, right: other, output: tensor(output) { $0.output($1, $2, $3) })
          (binary.lower, binary.upper) = (-2, 3)
          builder.append(.binary(binary))
          var inputs = builder.program.inputs.map { g.values(of: builder.program.tensors[Int($0.tensor)]) }
          // One that is no number on the left, and another one on the right.
          if isFloat {
            inputs = inputs.enumerated().map { index, tensor in
              HostTensor(tensor.floats().enumerated().map { $0 == index ? .nan : $1 }, dimensions: tensor.dimensions)
            }
          }
          try compare(builder, &g, inputs: inputs, "\(left) with \(right)")
        }
      }
    }

    /// Division by a quantised 0 gives infinities and, by 0 itself, what is no number.
    @Test func `what is no number becomes the zero point`() throws {
      var g = SeededGenerator(seed: 5)
      var builder = ProgramBuilder()
      let quantisation = Quantisation(scale: 0.1, zeroPoint: 7)
      let left = builder.input([4], .uint8, quantisation)
      let right = builder.input([4], .uint8, quantisation)
      builder.append(.binary(Binary(operation: .divide, left: left, right: right, output: builder.output([4], .int8, Quantisation(scale: 0.1, zeroPoint: -9)))))
      let inputs = [[7, 8, 6, 20], [7, 7, 7, 9]].map { HostTensor(elementType: .uint8, dimensions: [4], bytes: $0) }
      try compare(builder, &g, inputs: inputs)
    }

    @Test func `every function`() throws {
      let special: [Float] = [0, -0.0, 1, -1, .infinity, -.infinity, .nan, 88.5, -87.4, 1e-30, 0.625, 20.5, 1e9, 0.5, 1.5, 2.5, -2.5, 8_388_609]
      for function in UnaryFunction.allCases {
        var g = SeededGenerator(seed: UInt64(function.rawValue))
        var builder = ProgramBuilder()
        let count = 500
        let input = builder.input([count])
        builder.append(.unary(Unary(function: function, alpha: 0.3, beta: 0.7, input: input, output: builder.output([count]))))
        let values = special + g.floats(count - special.count, -8...8)
        try compare(builder, &g, inputs: [HostTensor(values, dimensions: [count])], "\(function)")
        #expect(EmulatedDevice.isReal || device.launchCount(of: "swl_cuda_library_f32") == (function.isExact ? 0 : 3), "\(function)")
      }
    }

    @Test func `tables, quantisation and its reverse`() throws {
      var g = SeededGenerator(seed: 12)
      for type in [ElementType.uint8, .int8] {
        for count in [1, 255, 256, 1000] {
          var builder = ProgramBuilder()
          let real = builder.input([count])
          let quantisation = g.quantisation(type)
          let stored = builder.activation([count], type, quantisation)
          builder.append(.quantise(Conversion(input: real, output: stored)))
          let looked = builder.output([count], type, quantisation)
          builder.append(.lookup(Lookup(input: stored, table: builder.constant(g.bytes(256)), output: looked)))
          builder.append(.dequantise(Conversion(input: looked, output: builder.output([count]))))
          var values = g.floats(count, -9...9)
          values[0] = .nan
          try compare(builder, &g, inputs: [HostTensor(values, dimensions: [count])])
        }
      }
    }

    @Test(arguments: [1, 7, 64, 65, 1001, 8193, 9000]) func `softmax adds up in the scalar kernel's order`(_ width: Int) throws {
      var g = SeededGenerator(seed: UInt64(width))
      var builder = ProgramBuilder()
      let input = builder.input([3, width])
      builder.append(.softmax(Softmax(input: input, output: builder.output([3, width]))))
      let values = HostTensor(g.floats(3 * width, -20...20), dimensions: [3, width])
      try compare(builder, &g, inputs: [values])
      builder = ProgramBuilder()
      let other = builder.input([3, width])
      builder.append(.softmax(Softmax(input: other, output: builder.output([3, width]), isLogarithmic: true)))
      try compare(builder, &g, inputs: [values])
    }

    @Test func `copies of every element size, transposed, reversed, repeated and in part`() throws {
      var g = SeededGenerator(seed: 77)
      for type in [ElementType.int8, .int16, .float32, .int64] {
        var builder = ProgramBuilder()
        let input = builder.input([2, 3, 5], type)
        let output = builder.output([5, 4, 2], type)
        builder.append(.fill(Fill(output: output, pattern: 0x0102_0304_0506_0708)))
        builder.append(
          .copy(
            StridedCopy(
              input: input, output: output, extents: [2, 3, 5], inputOffset: 0, inputStrides: [15, 5, 1], outputOffset: 0, outputStrides: [1, 2, 8])))
        let reversed = builder.output([4, 5], type)
        builder.append(
          .copy(
            StridedCopy(input: input, output: reversed, extents: [4, 5], inputOffset: 29, inputStrides: [0, -1], outputOffset: 0, outputStrides: [5, 1])))
        try compare(builder, &g, "\(type)")
      }
    }

    @Test(arguments: [Reduction.Kind.mean, .maximum, .minimum]) func `reductions of bytes`(_ kind: Reduction.Kind) throws {
      var g = SeededGenerator(seed: UInt64(kind.rawValue))
      for (outer, reduced, inner) in [(1, 49, 130), (3, 7, 1), (2, 1, 5), (1, 1000, 3)] {
        let type = g.eightBitType()
        let quantisation = g.quantisation(type)
        var builder = ProgramBuilder()
        let input = builder.input([outer, reduced, inner], type, quantisation)
        let output = builder.output([outer, inner], type, kind == .mean ? g.quantisation(type) : quantisation)
        builder.append(
          .reduction(Reduction(kind: kind, input: input, output: output, outer: Int32(outer), reduced: Int32(reduced), inner: Int32(inner))))
        try compare(builder, &g, "\(outer) of \(reduced) by \(inner)")
      }
    }

    @Test(arguments: [false, true]) func `resampling, nearest and by weights inside and outside 0…1`(_ isFloat: Bool) throws {
      var g = SeededGenerator(seed: 4)
      for fractions in [0...0, 0...1, -0.4...1.7] as [ClosedRange<Float>] {
        let (height, width, tall, wide) = (4, 5, 9, 7)
        var builder = ProgramBuilder()
        let type = isFloat ? ElementType.float32 : g.eightBitType()
        let quantisation = isFloat ? nil : g.quantisation(type)
        let input = builder.input([2, height, width, 3], type, quantisation)
        let output = builder.output([2, tall, wide, 3], type, quantisation)
        let rows = builder.constant((0..<2 * tall).map { _ in Int32(g.integer(0...height - 1)) })
        let columns = builder.constant((0..<2 * wide).map { _ in Int32(g.integer(0...width - 1)) })
        builder.append(
          .resize(
            Resize(
              input: input, output: output, rows: rows, rowFractions: builder.constant(g.floats(tall, fractions)), columns: columns,
              columnFractions: builder.constant(g.floats(wide, fractions)))))
        try compare(builder, &g, "\(fractions)")
      }
    }
  }
}
