using KubeFlex.Storage;

namespace KubeFlex.Server.Backup;

/// <summary>Datastores as they are named on command lines: a URL. What is shown of one never holds a password.</summary>
internal static class Addresses
{
    private const string Sqlite = "sqlite:";

    /// <summary>The URL in one form, with a full path; a <see cref="StorageException"/> says what is wrong with it.</summary>
    public static string Normal(string url)
    {
        if (url.StartsWith(Sqlite, StringComparison.Ordinal) && url.Length > Sqlite.Length && !url.Contains('?', StringComparison.Ordinal))
            return Sqlite + Path.GetFullPath(url.StartsWith("sqlite:///", StringComparison.Ordinal) ? url["sqlite://".Length..] : url[Sqlite.Length..]);
        throw new StorageException(StorageFailure.Invalid, "this is no datastore that can be used: write sqlite:FILE");
    }

    /// <summary>What messages may say.</summary>
    public static string Shown(string url) => Normal(url);

    public static Task<Datastore> OpenAsync(string url, DatastoreOptions options, CancellationToken cancellation) =>
        Datastore.OpenSqliteAsync(Normal(url)[Sqlite.Length..], options, cancellation);
}
