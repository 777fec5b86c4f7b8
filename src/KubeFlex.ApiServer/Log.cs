using Microsoft.Extensions.Logging;

namespace KubeFlex.ApiServer;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Error, "Control plane {Name}: {Method} {Path} failed unexpectedly.")]
    public static partial void Unexpected(ILogger logger, Exception exception, string name, string method, string path);

    [LoggerMessage(2, LogLevel.Warning, "Control plane {Name}: the storage refused a request: {Reason}")]
    public static partial void StorageRefused(ILogger logger, string name, string reason);

    [LoggerMessage(3, LogLevel.Error, "Control plane {Name}: custom resource definition {Definition} could not be taken on.")]
    public static partial void DefinitionFailed(ILogger logger, Exception exception, string name, string definition);

    [LoggerMessage(4, LogLevel.Warning, "Control plane {Name}: removing the objects of {Definition} is tried again later: {Reason}")]
    public static partial void CleanupFailed(ILogger logger, string name, string definition, string reason);
}
