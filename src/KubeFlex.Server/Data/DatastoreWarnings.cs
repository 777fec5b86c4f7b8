using KubeFlex.Storage;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Data;

/// <summary>Where datastores say what has no caller to answer: in the log, once there is one (the datastore opens beside it).</summary>
internal sealed partial class DatastoreWarnings
{
    private ILogger? logger;

    public DatastoreWarnings(MembershipOptions? membership) => Options = new DatastoreOptions { Warn = Say, Membership = membership };

    /// <summary>For every datastore of this server.</summary>
    public DatastoreOptions Options { get; }

    public void Open(ILogger to) => Volatile.Write(ref logger, to);

    private void Say(string what, Exception? why)
    {
        if (Volatile.Read(ref logger) is { } open) Warned(open, what, why?.Message ?? "");
        else Console.Error.WriteLine($"kubeflex-server: {what} {why?.Message}");
    }

    [LoggerMessage(110, LogLevel.Warning, "{What} {Why}")]
    private static partial void Warned(ILogger logger, string what, string why);
}
