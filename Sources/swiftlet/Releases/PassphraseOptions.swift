import ArgumentParser
import Glibc
import ReleaseAuthoring
import Updates

/// Where the passphrase of private keys comes from: a file, the environment, or the terminal.
struct PassphraseOptions: ParsableArguments {
  static let variable = "SWIFTLET_PASSPHRASE"

  @Option(help: ArgumentHelp("A file with the keys' passphrase; by default \(variable) in the environment, or the terminal.", valueName: "file"))
  var passphraseFile: String?

  /// The passphrase of an encrypted key file; the terminal is asked for each file that the last answer doesn't open.
  var source: KeyChain.PassphraseSource {
    { file throws(ReleaseError) in
      if let given = try given() { return given }
      guard let typed = PassphrasePrompt.ask("passphrase of \(file): ") else { throw Self.missing(file) }
      return typed
    }
  }

  /// What new keys are to be encrypted with; nil where that isn't wanted, which is warned of.
  func forNewKeys(unencrypted: Bool) throws -> String? {
    guard !unencrypted else {
      Terminal.note("the private keys aren't encrypted: whoever reads the files can sign as you")
      return nil
    }
    if let given = try given() { return given }
    guard let first = PassphrasePrompt.ask("passphrase for the new keys: "), let second = PassphrasePrompt.ask("once more: ") else {
      throw Self.missing("the new keys")
    }
    guard first == second else { throw CommandFailure("the passphrases differ; begin again") }
    guard !first.isEmpty else { throw CommandFailure("the passphrase is empty; for open keys say --unencrypted", status: .wrongUse) }
    return first
  }

  private func given() throws(ReleaseError) -> String? {
    if let passphraseFile {
      let secret = try SecretFile.text(passphraseFile, "--passphrase-file")
      return secret
    }
    guard let value = unsafe getenv(Self.variable) else { return nil }
    return unsafe String(cString: value)
  }

  private static func missing(_ what: String) -> ReleaseError {
    ReleaseError(.unusableKey, "the passphrase of \(what) is missing: give --passphrase-file, or set \(variable), or type it at a terminal")
  }
}

/// A secret in a file of its own, as the configuration's `{file: PATH}`: a final newline is no part of it.
enum SecretFile {
  static func text(_ path: String, _ option: String) throws(ReleaseError) -> String {
    guard var bytes = contents(of: path) else {
      throw ReleaseError(.storage, "\(option) \(path) can't be read: \(unsafe String(cString: strerror(errno)))")
    }
    while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
    guard !bytes.isEmpty, let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw ReleaseError(.invalid, "\(option) \(path) is empty, or no text")
    }
    return text
  }
}

/// Asks at the terminal, whose echo is off meanwhile.
enum PassphrasePrompt {
  /// - Returns: nil without a terminal.
  static func ask(_ question: String) -> String? {
    let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
    guard terminal >= 0 else { return nil }
    defer { close(terminal) }
    var before = termios()
    guard unsafe tcgetattr(terminal, &before) == 0 else { return nil }
    var silent = before
    silent.c_lflag &= ~tcflag_t(ECHO)
    guard unsafe tcsetattr(terminal, TCSAFLUSH, &silent) == 0 else { return nil }
    defer { unsafe tcsetattr(terminal, TCSAFLUSH, &before) }
    write("swiftlet: \(question)", to: terminal)
    defer { write("\n", to: terminal) }
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while line.count < 1024, unsafe read(terminal, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
    return String(validating: line, as: UTF8.self)
  }

  private static func write(_ text: String, to terminal: Int32) { _ = unsafe Glibc.write(terminal, text, text.utf8.count) }
}
