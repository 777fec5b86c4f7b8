using System.Globalization;

namespace KubeFlex.StandIn;

/// <summary>Log lines as stock programs write them.</summary>
internal static class Klog
{
    public static void Write(char level, string message) => Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{level}{TimeProvider.System.GetUtcNow():MMdd HH:mm:ss.ffffff} {Environment.ProcessId,7} standin.go:1] {message.TrimEnd()}"));

    /// <summary>Version of the programs in a directory: 1.35.0, or what a test wrote beside them.</summary>
    public static string Version(string home) => File.Exists(Path.Combine(home, "version")) ? File.ReadAllText(Path.Combine(home, "version")).Trim() : "1.35.0";
}
