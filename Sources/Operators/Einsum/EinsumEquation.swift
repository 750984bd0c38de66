import ModelGraph

/// Einstein's summation in its textual form, `ij,jk->ik`: a label for each axis of each operand, and those that the result keeps. Three
/// dots stand for axes without labels, which broadcast.
struct EinsumEquation {
  /// A letter's code, or a negative number for an axis behind the dots, −1 the last.
  typealias Label = Int

  var operands: [[Label]]
  var output: [Label]

  init(_ text: String, ranks: [Int]) throws(OperatorError) {
    let characters = Array(text.utf8).filter { $0 != UInt8(ascii: " ") }
    let arrow = characters.indices.first { $0 + 1 < characters.count && characters[$0] == UInt8(ascii: "-") && characters[$0 + 1] == UInt8(ascii: ">") }
    let terms = characters[..<(arrow ?? characters.count)].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    guard terms.count == ranks.count else { throw OperatorError(.invalid, "equation '\(text)' has \(terms.count) operands, the node \(ranks.count)") }
    operands = []
    for (term, rank) in zip(terms, ranks) { operands.append(try Self.labels(Array(term), text, rank: rank)) }
    let hidden = operands.joined().filter { $0 < 0 }.min() ?? 0
    if let arrow {
      let term = Array(characters[(arrow + 2)...])
      let dots = term.contains(UInt8(ascii: "."))
      output = try Self.labels(term, text, rank: term.count - (dots ? 3 : 0) + (dots ? -hidden : 0))
    } else {
      let letters = operands.joined().filter { $0 > 0 }
      output = Array(hidden..<0) + Set(letters).filter { letter in letters.count { $0 == letter } == 1 }.sorted()
    }
    guard Set(output).count == output.count, Set(output).isSubset(of: Set(operands.joined())) else {
      throw OperatorError(.invalid, "equation '\(text)' has an impossible result")
    }
  }

  private static func labels(_ term: [UInt8], _ text: String, rank: Int) throws(OperatorError) -> [Label] {
    let letters = term.filter { $0 != UInt8(ascii: ".") }
    guard letters.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else {
      throw OperatorError(.invalid, "equation '\(text)' has something else than letters for axes")
    }
    let dots = term.indices.filter { term[$0] == UInt8(ascii: ".") }
    guard let first = dots.first else {
      guard letters.count == rank else { throw OperatorError(.invalid, "equation '\(text)' has \(letters.count) labels for \(rank) axes") }
      return letters.map { Label($0) }
    }
    guard dots == [first, first + 1, first + 2], rank >= letters.count else {
      throw OperatorError(.invalid, "equation '\(text)' has dots that stand for no axes")
    }
    let hidden = rank - letters.count
    return letters[..<first].map { Label($0) } + (-hidden..<0) + letters[first...].map { Label($0) }
  }
}
