using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Faults;

/// <summary>Writes until it is killed, and says on stdout what was acknowledged: <c>store writer number revision .</c>.</summary>
internal static class CrashWriter
{
    public const int Writers = 6;

    public static async Task RunAsync(string path)
    {
        var datastore = await Datastore.OpenSqliteAsync(path, new() { HistoryRevisions = 1_000_000 }, default);
        var output = TextWriter.Synchronized(Console.Out);
        var tasks = new List<Task>();
        foreach (var name in new[] { "one", "two" })
        {
            var store = await datastore.OpenStoreAsync(name, default);
            for (var writer = 0; writer < Writers; writer++)
            {
                var me = writer;
                tasks.Add(Task.Run(() => WriteAsync(store, me, output)));
            }
        }
        await await Task.WhenAny(tasks);
    }

    private static async Task WriteAsync(Store store, int writer, TextWriter output)
    {
        var start = await store.GetAsync($"{writer}/left") is { } last ? int.Parse(last.TrimEnd(), null) + 1 : 1;
        for (var i = start; ; i++)
        {
            var value = i + new string(' ', 700);
            var result = await store.CommitAsync(Do(Put($"{writer}/left", value), Put($"{writer}/right", value)), default);
            await output.WriteLineAsync($"{store.Name} {writer} {i} {result.Revision} .");
            await output.FlushAsync();
        }
    }
}
