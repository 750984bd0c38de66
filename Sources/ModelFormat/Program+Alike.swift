extension Program {
  /// For each tensor the first one that has the same bytes of the weight section: what was learnt of one holds for the other, and needs
  /// no second reading. Tensors of the arena stand for themselves.
  public func firstAlike() -> [TensorIndex] {
    var constants: [(offset: Int, byteCount: Int, index: Int)] = []
    for (index, tensor) in tensors.enumerated() {
      if case .weights(let offset) = tensor.storage { constants.append((offset, tensor.byteCount, index)) }
    }
    constants.sort { ($0.offset, $0.byteCount, $0.index) < ($1.offset, $1.byteCount, $1.index) }
    var first = tensors.indices.map { TensorIndex($0) }
    for (before, constant) in zip(constants, constants.dropFirst())
    where before.offset == constant.offset && before.byteCount == constant.byteCount {
      first[constant.index] = first[before.index]
    }
    return first
  }

  /// Bytes that a load may read of index tables, and that a backend may take for packed weights, each: 256 MiB and four times the weight
  /// section. What instructions share counts once, so that no compiled model comes near.
  public static func loadAllowance(weightsByteCount: Int) -> Int { largestArena / 4 + 4 * weightsByteCount }
}
