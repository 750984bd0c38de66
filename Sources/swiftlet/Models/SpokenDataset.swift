import FileMapping
import Glibc
import JSONReading
import SoundFiles

/// A folder of sounds and what is said in them: `transcripts.tsv` (file, tab, text, a line each), or a text file beside each sound.
struct SpokenDataset {
  struct Clip {
    let path: String
    let said: String
  }

  /// In the order of their names' bytes.
  let clips: [Clip]
  /// Sounds of the folder whose text nobody wrote down.
  let untoldCount: Int

  /// - Throws: where a text can't be read or belongs to no sound, naming file and line; where there is none at all.
  init(path: String) throws {
    let sounds = try SoundFolder.files(of: path)
    let isFolder = sounds != [path]
    // With the slash at its end, empty where the path is a name alone.
    let folder = sounds[0].dropLast(FilePath.name(of: sounds[0]).count)
    let table = "\(folder)transcripts.tsv"
    let told = try Self.exists(table) ? Self.texts(of: table, sounds: isFolder ? sounds : nil) : [:]
    var clips: [Clip] = []
    for sound in sounds {
      let name = FilePath.name(of: sound)
      let beside = "\(folder)\(FilePath.stem(of: sound)).txt"
      if let text = told[name] {
        clips.append(Clip(path: sound, said: text))
      } else if Self.exists(beside) {
        clips.append(Clip(path: sound, said: try Self.text(of: beside).split(whereSeparator: \.isNewline).joined(separator: " ")))
      }
    }
    guard !clips.isEmpty else {
      throw CommandFailure("\(path): nothing says what is spoken: give transcripts.tsv (file, tab, text), or NAME.txt beside each sound", status: .wrongUse)
    }
    self.clips = clips
    untoldCount = sounds.count - clips.count
  }

  /// The texts of a table by their files' names.
  private static func texts(of table: String, sounds: [String]?) throws -> [String: String] {
    let names = sounds.map { Set($0.map { FilePath.name(of: $0) }) }
    var texts: [String: String] = [:]
    for (index, line) in try text(of: table).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() where !line.isEmpty {
      let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { throw CommandFailure("\(table):\(index + 1): expected a file, a tab and the text that is spoken in it") }
      let name = String(parts[0])
      guard names?.contains(name) != false else {
        throw CommandFailure("\(table):\(index + 1): there is no sound ‘\(name.inOneLine(limit: 80))’ beside it; correct the name or take the line out")
      }
      guard texts.updateValue(String(parts[1]), forKey: name) == nil else {
        throw CommandFailure("\(table):\(index + 1): ‘\(name.inOneLine(limit: 80))’ has a text already")
      }
    }
    return texts
  }

  private static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// An empty file says that nothing is spoken.
  static func text(of path: String) throws -> String {
    let text: String?
    do throws(FileMappingError) {
      text = unsafe try MappedFile(path).read { unsafe String(validating: $0, as: UTF8.self) }
    } catch {
      guard error.code != .empty else { return "" }
      throw CommandFailure("\(path): \(error.message)")
    }
    guard let text else { throw CommandFailure("\(path): is no UTF-8 text") }
    return text
  }
}
