import ModelFormat
import Tensors

extension Oracle {
  mutating func run(_ fields: IntegerConvolution) {
    let output = self[fields.output].dimensions
    let kernel = self[fields.weights].dimensions
    let zero = Int(fields.inputZeroPoint.map { integer($0, 0) } ?? 0)
    for (position, at) in positions(output).enumerated() {
      let group = at.c / (output[3] / Int(fields.groups))
      let weightZero = fields.weightZeroPoints.map { integer($0, self[$0].elementCount == 1 ? 0 : at.c) } ?? 0
      var sum = 0
      for ky in 0..<kernel[1] {
        for kx in 0..<kernel[2] {
          let y = at.y * Int(fields.strides.height) - Int(fields.padding.top) + ky * Int(fields.dilations.height)
          let x = at.x * Int(fields.strides.width) - Int(fields.padding.left) + kx * Int(fields.dilations.width)
          for c in 0..<kernel[3] {
            guard let i = element(fields.input, at.n, y, x, group * kernel[3] + c) else { continue }
            let weight = integer(fields.weights, ((at.c * kernel[1] + ky) * kernel[2] + kx) * kernel[3] + c) - weightZero
            sum += (Int(integer(fields.input, i)) - zero) * Int(weight)
          }
        }
      }
      set(fields.output, position, Float(bitPattern: UInt32(bitPattern: Int32(truncatingIfNeeded: sum))))
    }
  }

  mutating func run(_ fields: Recurrence) {
    let d = self[fields.states].dimensions
    let (steps, batch, parts, h) = (d[0] - 1, d[1], d[2], d[3])
    for n in 0..<batch {
      var hidden = (0..<h).map { i in fields.initialHidden.map { Double(float($0, n * h + i)) } ?? 0 }
      var cell = (0..<h).map { i in fields.initialCell.map { Double(float($0, n * h + i)) } ?? 0 }
      let length = fields.lengths.map { min(max(Int(integer($0, n)), 0), steps) } ?? steps
      for t in 0..<steps * parts * h { set(fields.states, ((t / (parts * h)) * batch + n) * parts * h + t % (parts * h), Float(0)) }
      for step in 0...length {
        // The row behind the last step keeps the final state.
        let t = step == length ? steps : fields.isReversed ? length - 1 - step : step
        if step < length { advance(fields, (t * batch + n) * fields.kind.gateCount * h, h, &hidden, &cell) }
        for i in 0..<h {
          set(fields.states, (t * batch + n) * parts * h + i, Float(hidden[i]))
          if parts == 2 { set(fields.states, (t * batch + n) * parts * h + h + i, Float(cell[i])) }
        }
      }
    }
  }

  private func advance(_ fields: Recurrence, _ gates: Int, _ h: Int, _ hidden: inout [Double], _ cell: inout [Double]) {
    let (old, oldCell) = (hidden, cell)
    func product(_ gate: Int, _ i: Int, _ state: [Double]) -> Double {
      (0..<h).reduce(0) { $0 + state[$1] * Double(float(fields.weights, (gate * h + i) * h + $1)) }
    }
    func activated(_ which: Int, _ x: Double) -> Double {
      let function = [fields.functions.0, fields.functions.1, fields.functions.2][which]
      let (alpha, beta) = ([fields.alphas.0, fields.alphas.1, fields.alphas.2][which], [fields.betas.0, fields.betas.1, fields.betas.2][which])
      return function.value(min(max(x, Double(-fields.clip)), Double(fields.clip)), Double(alpha), Double(beta))
    }
    func given(_ gate: Int, _ i: Int) -> Double { Double(float(fields.gates, gates + gate * h + i)) }
    func peephole(_ gate: Int, _ i: Int, _ state: [Double]) -> Double { fields.peepholes.map { Double(float($0, gate * h + i)) * state[i] } ?? 0 }
    switch fields.kind {
    case .simple: hidden = (0..<h).map { activated(0, given(0, $0) + product(0, $0, old)) }
    case .gru, .gruResetAfter:
      let update = (0..<h).map { activated(0, given(0, $0) + product(0, $0, old)) }
      let reset = (0..<h).map { activated(0, given(1, $0) + product(1, $0, old)) }
      hidden = (0..<h).map { i in
        let share =
          fields.kind == .gru
          ? product(2, i, zip(reset, old).map { $0 * $1 }) : reset[i] * (product(2, i, old) + (fields.recurrentBias.map { Double(float($0, i)) } ?? 0))
        return (1 - update[i]) * activated(1, given(2, i) + share) + update[i] * old[i]
      }
    case .lstm, .lstmCoupled:
      for i in 0..<h {
        let input = activated(0, given(0, i) + product(0, i, old) + peephole(0, i, oldCell))
        let forget = fields.kind == .lstmCoupled ? 1 - input : activated(0, given(2, i) + product(2, i, old) + peephole(2, i, oldCell))
        cell[i] = forget * oldCell[i] + input * activated(1, given(3, i) + product(3, i, old))
      }
      for i in 0..<h {
        let output = activated(0, given(1, i) + product(1, i, old) + peephole(1, i, cell))
        hidden[i] = output * fields.functions.2.value(cell[i], Double(fields.alphas.2), Double(fields.betas.2))
      }
    }
  }
}
