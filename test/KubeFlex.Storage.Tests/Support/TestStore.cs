using System.Text;
using KubeFlex.Storage.Dialects;
using KubeFlex.Storage.Dialects.Postgres;
using KubeFlex.Storage.Dialects.Sqlite;
using Npgsql;

namespace KubeFlex.Storage.Tests.Support;

/// <summary>A datastore of a test's own: a SQLite file in a directory that goes with the test, or a schema in PostgreSQL.</summary>
internal sealed class TestDatastore(DatastoreUrl? postgres = null, DatastoreOptions? options = null) : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("kubeflex-storage-");

    public string Path => System.IO.Path.Combine(directory.FullName, "data.db");

    public string Folder => directory.FullName;

    public DatastoreOptions Options { get; } = options ?? new() { HibernateAfter = TimeSpan.Zero };

    public Datastore Datastore { get; private set; } = null!;

    public static async Task<TestDatastore> OpenAsync(DatastoreOptions? options = null)
    {
        var test = new TestDatastore(options: options);
        await test.ReopenAsync();
        return test;
    }

    public async Task ReopenAsync()
    {
        if (Datastore is not null) await Datastore.DisposeAsync();
        Datastore = await Task.Run(() => Datastore.Open(Dialect(), Options));
    }

    /// <summary>The database below, opened once more or anew.</summary>
    public IDialect Dialect() => postgres is not null ? PostgresDialect.Open(postgres.Postgres!)
        // What survives a power cut is not for these tests; the crash test opens its file as users do.
        : SqliteDialect.Open(Path, "pragma synchronous=off");

    /// <summary>Runs SQL beside the engine; $store and $log stand for the tables. Answers the first number.</summary>
    public long Sql(string sql)
    {
        if (postgres is not null)
        {
            var tables = new PostgresTables(postgres.Postgres!.Schema);
            using var source = NpgsqlDataSource.Create(postgres.Postgres.Connection);
            using var command = source.CreateCommand(sql.Replace("$store", tables.Store, StringComparison.Ordinal).Replace("$log", tables.Log, StringComparison.Ordinal));
            return Convert.ToInt64(command.ExecuteScalar(), null);
        }
        using var check = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path};Pooling=False");
        check.Open();
        return SqliteSchema.Number(check, sql.Replace("$store", "store", StringComparison.Ordinal).Replace("$log", "log", StringComparison.Ordinal));
    }

    public Task<Store> StoreAsync(string name = "test") => Datastore.OpenStoreAsync(name, default);

    public async ValueTask DisposeAsync()
    {
        if (Datastore is not null) await Datastore.DisposeAsync();
        directory.Delete(true);
    }
}

/// <summary>Short words for transactions.</summary>
internal static class Words
{
    public static byte[] B(string text) => Encoding.UTF8.GetBytes(text);

    public static string S(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    public static PutOperation Put(string key, string value) => new(B(key), B(value));

    public static DeleteOperation Delete(string key, string? end = null) => new(B(key), end is null ? null : B(end));

    public static Transaction Do(params Operation[] operations) => new([], operations, []);

    public static Transaction If(Compare compare, Operation[] then, Operation[] otherwise) => new([compare], then, otherwise);

    public static Compare Mod(string key, long revision) => new(B(key), CompareTarget.ModRevision, CompareRelation.Equal, revision);

    public static async Task<long> PutAsync(this Store store, string key, string value) => (await store.CommitAsync(Do(Put(key, value)), default)).Revision;

    public static async Task<long> DeleteAsync(this Store store, string key, string? end = null) => (await store.CommitAsync(Do(Delete(key, end)), default)).Revision;

    public static async Task<string?> GetAsync(this Store store, string key) => (await store.ViewAsync(default)).Get(B(key)) is { } item ? S(item.Value) : null;

    public static async Task<RangeResult> RangeAsync(this Store store, string key, string? end = null, long revision = 0, int limit = 0, bool keysOnly = false, bool countOnly = false) =>
        (await store.ViewAsync(default)).Range(new(B(key), end is null ? null : B(end), revision, limit, keysOnly, countOnly));

    public static string[] Keys(this RangeResult result) => [.. result.Items.Select(item => S(item.Key))];

    public static string Text(this StoreEvent change) =>
        $"{change.Revision}:{(change.Kind == EventKind.Put ? "+" : "-")}{S(change.Current.Key)}={S(change.Current.Value)}<{(change.Previous is null ? "" : S(change.Previous.Value))}";

    /// <summary>Reads a watch until it has given so many changes.</summary>
    public static async Task<List<StoreEvent>> TakeAsync(this StoreWatcher watcher, int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var all = new List<StoreEvent>();
        while (all.Count < count)
        {
            var some = await watcher.ReadAsync(patience.Token);
            if (some.Count == 0) break;
            all.AddRange(some);
        }
        return all;
    }

    public static async Task<StorageFailure> FailureAsync(Func<Task> act) => (await Assert.ThrowsAsync<StorageException>(act)).Failure;
}
