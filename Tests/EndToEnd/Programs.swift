import Foundation

/// The programs as they were built beside the tests.
enum Programs {
  /// The build folder: where the test bundle is mapped from.
  static let folder: URL = {
    let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
    for line in maps.split(separator: "\n") where line.hasSuffix(".xctest") {
      if let slash = line.firstIndex(of: "/") { return URL(fileURLWithPath: String(line[slash...])).deletingLastPathComponent() }
    }
    return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
  }()

  static let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Real photographs, where the shared folder is there; says so once where it isn't.
  static let photographs: URL? = {
    let shared = ProcessInfo.processInfo.environment["SWIFTLET_SHARED"] ?? packageRoot.appendingPathComponent("../shared").path
    let photos = URL(fileURLWithPath: shared).appendingPathComponent("data/photos")
    if FileManager.default.fileExists(atPath: photos.path) { return photos }
    FileHandle.standardError.write(Data("SKIPPED: real photographs end to end, as SWIFTLET_SHARED is not there; drawn images are used\n".utf8))
    return nil
  }()
}

/// A program while it runs, and what it wrote.
final class RunningProgram: @unchecked Sendable {
  let process = Process()
  private let output = Pipe()
  private let errors = Pipe()
  private let condition = NSCondition()
  private var standardOutput = Data()
  private var standardError = Data()
  private var openStreams = 2

  init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws {
    process.executableURL = name.hasPrefix("/") ? URL(fileURLWithPath: name) : Programs.folder.appendingPathComponent(name)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    collect(output) { $0.standardOutput.append($1) }
    collect(errors) { $0.standardError.append($1) }
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  private func collect(_ pipe: Pipe, _ append: @escaping @Sendable (RunningProgram, Data) -> Void) {
    let handle = pipe.fileHandleForReading
    // While it waits for output nothing keeps this object, which takes the program with it.
    Thread.detachNewThread { [weak self] in
      while true {
        let data = handle.availableData
        guard let self else { return }
        self.condition.lock()
        if data.isEmpty { self.openStreams -= 1 } else { append(self, data) }
        self.condition.broadcast()
        self.condition.unlock()
        if data.isEmpty { return }
      }
    }
  }

  var errorText: String { condition.withLock { String(decoding: standardError, as: UTF8.self) } }
  var outputText: String { condition.withLock { String(decoding: standardOutput, as: UTF8.self) } }
  var errorLines: [String] { errorText.split(separator: "\n").map(String.init) }

  /// Waits until standard error holds a text; false after 60 seconds or when the program ended without it.
  func waitForError(_ texts: String...) -> Bool {
    wait { program in texts.contains { String(decoding: program.standardError, as: UTF8.self).contains($0) } }
  }

  /// Waits until standard error holds a text so many times.
  func waitForError(_ text: String, times: Int) -> Bool {
    wait { program in String(decoding: program.standardError, as: UTF8.self).components(separatedBy: text).count > times }
  }

  /// The first line of standard output with all these texts in it; nil after 60 seconds, or when the program ended without it.
  func waitForOutput(_ texts: String...) -> String? {
    let find = { (program: RunningProgram) in
      String(decoding: program.standardOutput, as: UTF8.self).split(separator: "\n").first { line in texts.allSatisfy { line.contains($0) } }
    }
    var line: Substring?
    _ = wait { program in
      line = find(program)
      return line != nil
    }
    return line.map(String.init)
  }

  private func wait(until isEnough: (RunningProgram) -> Bool) -> Bool {
    let deadline = Date(timeIntervalSinceNow: 60)
    condition.lock()
    defer { condition.unlock() }
    while !isEnough(self) {
      if openStreams == 0 || !condition.wait(until: deadline) { return isEnough(self) }
    }
    return true
  }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// The exit status; nil where the program hasn't ended by itself after 60 seconds, and it is then killed.
  func waitForEnd() -> Int32? {
    let deadline = Date(timeIntervalSinceNow: 60)
    condition.lock()
    while openStreams > 0, condition.wait(until: deadline) {}
    let isOver = openStreams == 0
    condition.unlock()
    if !isOver { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    return isOver ? process.terminationStatus : nil
  }
}
