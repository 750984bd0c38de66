import Tensors

extension InstructionRules {
  func check(_ fields: Recurrence) throws(ModelFormatError) {
    let gates = try tensor(fields.gates)
    let states = try written(fields.states)
    let kind = fields.kind
    let parts = kind.hasCell ? 2 : 1
    guard states.elementType == .float32, states.dimensions.count == 4, states.dimensions.allSatisfy({ 1...(1 << 24) ~= $0 }), states.dimensions[0] >= 2,
      states.dimensions[2] == parts
    else { throw broken("makes states of \(states.elementType.name) \(states.dimensions)") }
    let (steps, batch, hidden) = (states.dimensions[0] - 1, states.dimensions[1], states.dimensions[3])
    try require(
      gates.elementType == .float32 && gates.dimensions == [steps, batch, kind.gateCount * hidden],
      "has gates \(gates.dimensions) for states \(states.dimensions)")
    try constant(fields.weights, .float32, count: kind.gateCount * hidden * hidden, "recurrent weights")
    if let bias = fields.recurrentBias {
      try require(kind == .gruResetAfter, "has a recurrent bias that nothing reads")
      try constant(bias, .float32, count: hidden, "recurrent bias")
    }
    if let peepholes = fields.peepholes {
      try require(kind.hasCell, "has peepholes without a cell")
      try constant(peepholes, .float32, count: 3 * hidden, "peepholes")
    }
    try require(fields.initialCell == nil || kind.hasCell, "has an initial cell without a cell")
    for index in [fields.initialHidden, fields.initialCell].compactMap({ $0 }) {
      let initial = try tensor(index)
      try require(initial.elementType == .float32 && initial.elementCount == batch * hidden, "begins with \(initial.dimensions)")
    }
    if let lengths = fields.lengths {
      let lengths = try tensor(lengths)
      try require(lengths.elementType == .int32 && lengths.elementCount == batch, "has lengths \(lengths.dimensions) for \(batch) sequences")
    }
    try require(fields.clip > 0, "clips to \(fields.clip)")
  }
}
