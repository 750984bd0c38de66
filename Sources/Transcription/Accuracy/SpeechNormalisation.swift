/// Makes texts comparable: what is written differently and said alike is the same.
public enum SpeechNormalisation {
  /// The words of a text in lower case; letters, digits and the apostrophes inside words are kept, everything else stands between words.
  /// Numbers, abbreviations and spellings stay as they are written: "2" is another word than "two".
  public static func words(_ text: String) -> [String] {
    var words: [String] = []
    var word = ""
    func close() {
      // Apostrophes at the ends are quotation marks.
      while word.last == "'" { word.removeLast() }
      if !word.isEmpty { words.append(word) }
      word = ""
    }
    for character in text.lowercased() {
      if character.isLetter || character.isNumber {
        word.append(character)
      } else if character == "'" || character == "’" {
        if !word.isEmpty { word.append("'") }
      } else {
        close()
      }
    }
    close()
    return words
  }
}
