/// What the two sides of a comparison are called.
struct ComparedForms {
  let first: String
  let second: String
  /// Stands between a figure and a side's name.
  let preposition: String

  /// One model, before and after it was quantised.
  static let precisions = ComparedForms(first: "float", second: "8 bits", preposition: "in")

  /// Two models by their files' names, by their paths where those are the same.
  static func models(_ first: String, _ second: String) -> ComparedForms {
    let names = (FilePath.name(of: first), FilePath.name(of: second))
    let areApart = names.0 != names.1
    return ComparedForms(first: areApart ? names.0 : first, second: areApart ? names.1 : second, preposition: "of")
  }
}
