import Foundation
import TestPackages
import Testing

/// `transcribe` as a person misuses it; that it gives the right text, also live, Tests/Conformance/speech.sh shows with the release build.
@Suite struct TranscribeCommandTests {
  private let builtIn = Programs.packageRoot.appendingPathComponent("Sources/CDemoModel/surface-defects.swiftlet").path

  private func run(_ arguments: [String]) throws -> (status: Int32?, errors: [String]) {
    let program = try RunningProgram("swiftlet", ["transcribe"] + arguments)
    return (program.waitForEnd(), program.errorLines)
  }

  @Test func `a model that doesn't hear and a sound that isn't there are named`() throws {
    let deaf = try run([builtIn, builtIn])
    #expect(deaf.status == 1 && deaf.errors.count == 1 && deaf.errors[0].contains("doesn't say how it hears"), "\(deaf.errors)")
    let missing = try run([builtIn, "/no/such.wav"])
    #expect(missing.status == 1 && missing.errors == ["swiftlet: /no/such.wav: there is no such file or folder; check the path"])
    let ahead = try run([builtIn, builtIn, "--look-ahead", "1"])
    #expect(ahead.status == 1 && ahead.errors.count == 1 && ahead.errors[0].contains("doesn't say how it hears"), "\(ahead.errors)")
    let folder = try run([Programs.packageRoot.path, builtIn])
    #expect(folder.status == 1 && folder.errors.count == 1 && folder.errors[0].contains("is a folder: name the file in it"), "\(folder.errors)")
    #expect(try run([builtIn]).status == 2)
    #expect(try run([builtIn, "a.wav", "--threads", "0"]).status == 2)
  }

  @Test func `files and a microphone don't go together`() throws {
    for arguments in [
      [builtIn, "a.wav", "--microphone"], [builtIn, "--microphone", "hw:0", "--seconds", "0"], [builtIn, "a.wav", "--seconds", "3"], ["--microphone"],
      [builtIn, "a.wav", "--microphone=hw:0"], [builtIn, "a.wav", "--partial"], [builtIn, "--microphone", "--partial", "--voice-activity", "none"],
    ] {
      let wrong = try run(arguments)
      #expect(wrong.status == 2 && wrong.errors.count == 1, "\(arguments): \(wrong.errors)")
    }
    let deaf = try run([builtIn, "--microphone"])
    #expect(deaf.status == 1 && deaf.errors.count == 1 && deaf.errors[0].contains("doesn't say how it hears"), "\(deaf.errors)")
  }

  @Test func `a look-ahead is a CTC model's, and not any`() throws {
    let wrongValues = ["0.1", "6", "x", "nan", "inf", "1e30"].map { ["--look-ahead", $0] }
    for arguments in wrongValues + [["--look-ahead", "1", "--beam", "4"]] {
      let wrong = try run([builtIn, "a.wav"] + arguments)
      #expect(wrong.status == 2 && wrong.errors.count == 1 && wrong.errors[0].contains("--look-ahead"), "\(arguments): \(wrong.errors)")
    }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("windows-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (words, sound) = (folder.appendingPathComponent("words.swiftlet").path, folder.appendingPathComponent("a.wav").path)
    try Data(HearingPackage.bytes()).write(to: URL(fileURLWithPath: words))
    try Data(HearingPackage.spokenWAV).write(to: URL(fileURLWithPath: sound))
    let single = try run([words, sound, "--look-ahead", "1"])
    #expect(single.status == 2 && single.errors.count == 1 && single.errors[0].contains("a look-ahead is for CTC models"), "\(single.errors)")
    let golden = Programs.packageRoot.appendingPathComponent("Tests/Transcription/Golden/ctc").path
    let ctc = folder.appendingPathComponent("ctc.swiftlet").path
    let compile = try RunningProgram("swiftlet", ["compile", "\(golden)/model.onnx", "--recipe", "\(golden)/recipe.yaml", "-o", ctc])
    #expect(compile.waitForEnd() == 0, "\(compile.errorLines)")
    let unsaid = try run(["\(golden)/model.onnx", sound])
    #expect(unsaid.status == 2 && unsaid.errors.count == 1 && unsaid.errors[0].contains("give its --recipe"), "\(unsaid.errors)")
    #expect(try run([ctc, sound, "--look-ahead", "0.5", "--json"]).status == 0)
    #expect(try run([ctc, sound, "--look-ahead", "0.5", "--voice-activity", "energy"]).status == 0)
    // What can't be read leaves the others their text.
    let some = try RunningProgram("swiftlet", ["transcribe", ctc, "/no/such.wav", sound, words])
    #expect(some.waitForEnd() == 1 && some.outputText.hasPrefix("\(sound): ") && some.outputText.split(separator: "\n").count == 1)
    #expect(some.errorLines.count == 3 && some.errorLines[0].contains("/no/such.wav") && some.errorLines[2].contains("2 of 3 sounds could not be read"))
    let long = try run([ctc, sound, "--look-ahead", "4"])
    #expect(long.status == 2 && long.errors.count == 1 && long.errors[0].contains("takes 8 to 600 at once: ask for another"), "\(long.errors)")
  }

  @Test func `a pretrained model's folder becomes a package that writes, and options of other models are refused`() throws {
    let golden = Programs.packageRoot.appendingPathComponent("Tests/Transcription/Golden/moonshine").path
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("moonshine-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let package = folder.appendingPathComponent("moonshine.swiftlet").path
    let compile = try RunningProgram("swiftlet", ["compile", "\(golden)/", "-o", package])
    #expect(compile.waitForEnd() == 0, "\(compile.errorLines)")
    let recipe = try RunningProgram("swiftlet", ["compile", golden, "-o", package, "--shape", "samples=8x384"])
    #expect(recipe.waitForEnd() == 2 && recipe.errorLines.first?.contains("is a pretrained model's folder") == true, "\(recipe.errorLines)")
    let traces = folder.appendingPathComponent("traces").path
    #expect(try run([package, "\(golden)/sound.wav", "--json", "--tensors", traces]).status == 0)
    // Six tokens follow the first.
    #expect(try FileManager.default.contentsOfDirectory(atPath: traces).filter { $0.hasPrefix("scores.") }.count == 6)
    let again = try run([package, "\(golden)/sound.wav", "--tensors", traces])
    #expect(again.status == 2 && again.errors.first?.contains("is not empty") == true, "\(again.errors)")
    let beam = try run([package, "\(golden)/sound.wav", "--beam", "4"])
    #expect(beam.status == 2 && beam.errors.first?.contains("--beam, --hot-word and --phrases are for CTC models") == true, "\(beam.errors)")
    let several = try run([package, golden, "--hot-word", "t16"])
    #expect(several.status == 2)
    let list = folder.appendingPathComponent("phrases.txt")
    for (text, words) in [("stop\n", "are for CTC models"), ("# nothing\n\n", "holds no phrase"), ("stop\n?!\n", "phrases.txt:2: there is no word")] {
      try Data(text.utf8).write(to: list)
      let phrases = try run([package, "\(golden)/sound.wav", "--phrases", list.path])
      #expect(phrases.status == 2 && phrases.errors.first?.contains(words) == true, "\(phrases.errors)")
    }
    #expect(try run([package, "\(golden)/sound.wav", "--phrases", list.path, "--beam", "4"]).status == 2)
  }
}
