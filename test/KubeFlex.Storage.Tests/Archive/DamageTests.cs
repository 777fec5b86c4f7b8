using KubeFlex.Storage.Archive;
using KubeFlex.Storage.Tests.Support;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Archive;

public sealed class DamageTests
{
    public static TheoryData<ArchiveCompression> Compressions => [ArchiveCompression.None, ArchiveCompression.Gzip, ArchiveCompression.Deflate, ArchiveCompression.Brotli];

    [Theory]
    [MemberData(nameof(Compressions))]
    public async Task Every_flipped_bit_and_every_cut_is_noticed(ArchiveCompression compression)
    {
        var good = await BackupAsync(compression);
        Assert.Null(await ErrorAsync(good));
        for (var at = 0; at < good.Length; at++)
        {
            var bad = (byte[])good.Clone();
            bad[at] ^= (byte)(1 << (at % 8));
            Assert.True(await ErrorAsync(bad) is not null, $"byte {at} of {good.Length} was changed unnoticed");
            var cut = await ErrorAsync(good[..at]);
            Assert.True(cut is not null, $"cut to {at} of {good.Length} bytes unnoticed");
            // Within the packed part the packer may be the first to notice.
            if (at > 14) Assert.Contains(cut, (string[])["incomplete", "damaged"], StringContains.Instance);
        }
        Assert.Contains("follows its end", await ErrorAsync([.. good, 0]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("SQLite format 3\0 and so on and on", "is no KubeFlex backup")]
    [InlineData("kind: ControlPlane", "is no KubeFlex backup")]
    public async Task Other_files_are_refused(string content, string said) => Assert.Contains(said, await ErrorAsync(B(content)), StringComparison.Ordinal);

    [Fact]
    public async Task A_newer_version_is_refused_by_name()
    {
        var newer = await BackupAsync(ArchiveCompression.None);
        newer[8] = 2;
        Assert.Contains("version 2 of the format", await ErrorAsync(newer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_backup_leaves_nothing_behind()
    {
        var backup = await BackupAsync(ArchiveCompression.None);
        backup[^40] ^= 1;
        await using var test = await TestDatastore.OpenAsync();
        var live = await test.StoreAsync();
        await live.PutAsync("mine", "1");
        await Assert.ThrowsAsync<ArchiveException>(() => Archives.RestoreAsync(backup, test.Datastore, "test", 10));
        Assert.Equal(["test"], test.Datastore.Dialect.Stores());
        Assert.Equal("1", await live.GetAsync("mine"));
        Assert.Equal(3, await live.PutAsync("mine", "2"));
    }

    private static async Task<byte[]> BackupAsync(ArchiveCompression compression)
    {
        await using var test = await TestDatastore.OpenAsync();
        var store = await test.StoreAsync();
        await store.GrantLeaseAsync(5, 60, default);
        for (var i = 0; i < 4; i++) await store.PutAsync($"key{i}", $"value {i}");
        await store.DeleteAsync("key1");
        return await Archives.WriteAsync(store, compression);
    }

    /// <summary>What is wrong with it; null when nothing is. Any other failure fails the test.</summary>
    private static async Task<string?> ErrorAsync(byte[] backup)
    {
        try
        {
            await using var reader = await ArchiveReader.OpenAsync(new MemoryStream(backup), default);
            while (await reader.ReadAsync(default) is not null) { }
            return null;
        }
        catch (ArchiveException e)
        {
            return e.Message;
        }
    }

    private sealed class StringContains : IEqualityComparer<string?>
    {
        public static readonly StringContains Instance = new();

        public bool Equals(string? x, string? y) => x!.Contains(y!, StringComparison.Ordinal) || y!.Contains(x, StringComparison.Ordinal);

        public int GetHashCode(string? obj) => 0;
    }
}
