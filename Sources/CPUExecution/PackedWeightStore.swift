import CKernels

/// Weights in kernels' own forms, by where their bytes lie: made once, however often the program is bound to other sizes. Not for several threads.
@safe final class PackedWeightStore {
  /// Bytes of the weight section.
  struct Place: Hashable {
    let offset: Int
    let byteCount: Int
  }

  private var memory = PlanMemory()
  private var known: [Place: [PackedWeights]] = [:]
  /// The search must stay short where a program reads the same bytes in ever new forms.
  private static let rememberedForms = 16

  func weights(at place: Place, as form: PackedWeights.Form) -> PackedWeights? { known[place]?.first { $0.form == form } }

  /// Whether weights at that place can still be kept.
  func hasRoom(at place: Place) -> Bool { known[place, default: []].count < Self.rememberedForms }

  /// Zero-filled bytes of which packing may take fewer; nil where the system has no memory left.
  func take(_ byteCount: Int) -> UnsafeMutableRawPointer? { unsafe memory.take(byteCount) }

  /// Keeps what was made in the block that was taken last.
  func keep(_ made: PackedWeights, of taken: Int, at place: Place) {
    memory.keep(made.byteCount, of: taken)
    known[place, default: []].append(made)
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
