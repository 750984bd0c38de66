import Transcription

/// Phrases to listen for, one a line of a text file.
enum PhraseFile {
  /// In the file's order, in lower case and without punctuation; each once.
  /// - Throws: where the file can't be read, a line has no word in it, or there is none at all.
  static func phrases(of path: String) throws -> [String] {
    var phrases: [String] = []
    for (index, line) in try SpokenDataset.text(of: path).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      guard !line.hasPrefix("#"), !line.allSatisfy(\.isWhitespace) else { continue }
      let phrase = SpeechNormalisation.words(String(line)).joined(separator: " ")
      guard !phrase.isEmpty else { throw CommandFailure("\(path):\(index + 1): there is no word in this line", status: .wrongUse) }
      if !phrases.contains(phrase) { phrases.append(phrase) }
    }
    guard !phrases.isEmpty else { throw CommandFailure("\(path): holds no phrase; write one a line", status: .wrongUse) }
    return phrases
  }
}
