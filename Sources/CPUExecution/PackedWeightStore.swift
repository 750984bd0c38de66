import CKernels

/// Weights in kernels' own forms: made once, however often a program is bound to other sizes of its open dimensions. Not for several threads.
@safe final class PackedWeightStore {
  /// Bytes of the weight section.
  struct Place: Equatable {
    let offset: Int
    let byteCount: Int
  }

  private struct Entry {
    let place: Place
    let weights: PackedWeights
  }

  private var memory = PlanMemory()
  /// By the number of a tensor that names the bytes, which is the same at all sizes.
  private var known: [[Entry]] = []
  private(set) var byteCount = 0
  /// The search must stay short where a program reads the same bytes in ever new forms.
  private static let rememberedForms = 16

  func weights(of tensor: Int, at place: Place, as form: PackedWeights.Form) -> PackedWeights? {
    guard tensor < known.count else { return nil }
    return known[tensor].first { $0.place == place && $0.weights.form == form }?.weights
  }

  /// Whether so many more bytes for a tensor can still be kept.
  func hasRoom(for byteCount: Int, of tensor: Int, allowance: Int) -> Bool {
    byteCount <= allowance - self.byteCount - 63 && (tensor >= known.count || known[tensor].count < Self.rememberedForms)
  }

  /// Says how many bytes will be packed at least, where none are yet.
  func expect(_ byteCount: Int) {
    if known.isEmpty { memory.expect(byteCount) }
  }

  /// Zero-filled bytes of which packing may take fewer; nil where the system has no memory left.
  func take(_ byteCount: Int) -> UnsafeMutableRawPointer? { unsafe memory.take(byteCount) }

  /// Keeps what was made in the block that was taken last.
  func keep(_ made: PackedWeights, of taken: Int, for tensor: Int, at place: Place) {
    memory.keep(made.byteCount, of: taken)
    byteCount += PlanMemory.rounded(made.byteCount)
    if tensor >= known.count { known += [[Entry]](repeating: [], count: tensor + 1 - known.count) }
    known[tensor].append(Entry(place: place, weights: made))
  }
}

/// Weights in a kernel's own form; the store owns the bytes, or the plan.
@safe struct PackedWeights {
  /// All that the packed bytes follow from, beside the weights' own bytes and the session's instruction set.
  struct Form: Equatable {
    let family: swl_family
    let sizes: [Int]
    /// Whether other sizes of open dimensions leave the form as it is.
    var isLasting = true
  }

  let form: Form
  let block: UnsafeMutableRawPointer
  let byteCount: Int
}
