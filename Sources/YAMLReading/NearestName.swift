/// The valid name that a mistyped one most likely means: the least restricted Damerau-Levenshtein distance (insertions,
/// deletions, substitutions and swaps of neighbours; Damerau 1964), nil where even that is more than half of the name away.
public func nearestName(to name: String, among valid: some Sequence<String>) -> String? {
  let typed = Array(name.utf8.prefix(64).map(lowercased))
  var best: (name: String, distance: Int)?
  for candidate in valid {
    let distance = editDistance(typed, Array(candidate.utf8.prefix(64).map(lowercased)))
    if distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  guard let best, best.distance <= min(typed.count, best.name.utf8.count) / 2 else { return nil }
  return best.name
}

private func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte + 0x20 : byte }

private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
  var beforePrevious: [Int] = []
  var previous = Array(0...b.count)
  for i in 1...a.count {
    var row = [i]
    for j in 1...b.count {
      var least = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { least = min(least, beforePrevious[j - 2] + 1) }
      row.append(least)
    }
    beforePrevious = previous
    previous = row
  }
  return previous[b.count]
}
