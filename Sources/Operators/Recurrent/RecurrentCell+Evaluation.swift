import ModelFormat
public import ModelGraph
public import Tensors

extension RecurrentCell {
  /// Step after step by ONNX's formulas, products summed in double precision.
  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let type = try outputTypes(for: inputs.asInputs)[0]
    let (steps, batch, parts, hidden) = (type.dimensions[0] - 1, type.dimensions[1], type.dimensions[2], type.dimensions[3])
    let optional = { (position: Int) -> [Float]? in position < inputs.count ? inputs[position]?.floats() : nil }
    let cell = PlainCell(
      kind: kind, hidden: hidden, clip: clip, functions: functions, weights: try inputs.required(1, "R").floats().map { Double($0) },
      recurrentBias: optional(2), peepholes: optional(3))
    let gates = try inputs.required(0, "gates").floats()
    let width = kind.gateCount * hidden
    let lengths = inputs.count > 4 ? inputs[4]?.integers() : nil
    var states = [Float](repeating: 0, count: type.elementCount)
    for n in 0..<batch {
      let row = n * hidden..<(n + 1) * hidden
      var state = PlainCell.State(
        hidden: optional(5).map { Array($0[row]) } ?? [Float](repeating: 0, count: hidden),
        cell: optional(6).map { Array($0[row]) } ?? [Float](repeating: 0, count: hidden))
      let length = lengths.map { Int(min(max($0[n], 0), Int64(steps))) } ?? steps
      func keep(_ t: Int) {
        let values = parts == 2 ? state.hidden + state.cell : state.hidden
        states.replaceSubrange((t * batch + n) * parts * hidden..<(t * batch + n + 1) * parts * hidden, with: values)
      }
      for step in 0..<length {
        let t = isReversed ? length - 1 - step : step
        cell.advance(&state, Array(gates[(t * batch + n) * width..<(t * batch + n + 1) * width]))
        keep(t)
      }
      keep(steps)
    }
    return [HostTensor(states, dimensions: type.dimensions)]
  }
}

/// One step of one sequence.
private struct PlainCell {
  struct State {
    var hidden: [Float]
    var cell: [Float]
  }

  let kind: Recurrence.Kind
  let hidden: Int
  let clip: Float
  let functions: [GateFunction]
  /// `[G·H, H]`
  let weights: [Double]
  let recurrentBias: [Float]?
  let peepholes: [Float]?

  func advance(_ state: inout State, _ gates: [Float]) {
    switch kind {
    case .simple: state.hidden = zip(gates, product(0, state.hidden)).map { activated($0 + $1, 0) }
    case .gru, .gruResetAfter: advanceGRU(&state, gates)
    case .lstm, .lstmCoupled: advanceLSTM(&state, gates)
    }
  }

  /// `state · Rᵀ` for one gate.
  private func product(_ gate: Int, _ state: [Float]) -> [Float] {
    (0..<hidden).map { row in
      let start = (gate * hidden + row) * hidden
      return Float((0..<hidden).reduce(0.0) { $0 + weights[start + $1] * Double(state[$1]) })
    }
  }

  private func activated(_ x: Float, _ function: Int) -> Float { functions[function](min(max(x, -clip), clip)) }

  private func gate(_ gate: Int, _ gates: [Float], _ addend: [Float]) -> [Float] {
    (0..<hidden).map { gates[gate * hidden + $0] + addend[$0] }
  }

  private func advanceGRU(_ state: inout State, _ gates: [Float]) {
    let h = state.hidden
    let update = gate(0, gates, product(0, h)).map { activated($0, 0) }
    let reset = gate(1, gates, product(1, h)).map { activated($0, 0) }
    let addend: [Float]
    if kind == .gruResetAfter {
      let biases = recurrentBias ?? [Float](repeating: 0, count: hidden)
      let linear = zip(product(2, h), biases).map { $0 + $1 }
      addend = zip(reset, linear).map { $0 * $1 }
    } else {
      addend = product(2, zip(reset, h).map { $0 * $1 })
    }
    let candidate = gate(2, gates, addend).map { activated($0, 1) }
    state.hidden = (0..<hidden).map { (1 - update[$0]) * candidate[$0] + update[$0] * h[$0] }
  }

  private func advanceLSTM(_ state: inout State, _ gates: [Float]) {
    let peephole = { (index: Int, cell: [Float]) -> [Float] in
      guard let peepholes else { return [Float](repeating: 0, count: hidden) }
      return (0..<hidden).map { peepholes[index * hidden + $0] * cell[$0] }
    }
    let hiddenState = state.hidden
    let sum = { (index: Int, addend: [Float]) in zip(gate(index, gates, product(index, hiddenState)), addend).map { $0 + $1 } }
    let none = [Float](repeating: 0, count: hidden)
    let input = sum(0, peephole(0, state.cell)).map { activated($0, 0) }
    let forget = kind == .lstmCoupled ? input.map { 1 - $0 } : sum(2, peephole(2, state.cell)).map { activated($0, 0) }
    let candidate = sum(3, none).map { activated($0, 1) }
    let cell = (0..<hidden).map { forget[$0] * state.cell[$0] + input[$0] * candidate[$0] }
    let output = sum(1, peephole(1, cell)).map { activated($0, 0) }
    state = State(hidden: zip(output, cell).map { $0 * functions[2]($1) }, cell: cell)
  }
}
