using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace CloudLab.ControlPlane.Persistence.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "accounts",
                columns: table => new
                {
                    id = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    name = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_accounts", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "client_requests",
                columns: table => new
                {
                    account_id = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    token = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    fingerprint = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_client_requests", x => new { x.account_id, x.token });
                });

            migrationBuilder.CreateTable(
                name: "hosts",
                columns: table => new
                {
                    name = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    epoch = table.Column<long>(type: "bigint", nullable: false),
                    lease_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    vcpus = table.Column<int>(type: "integer", nullable: false),
                    memory_bytes = table.Column<long>(type: "bigint", nullable: false),
                    architecture = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_hosts", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "images",
                columns: table => new
                {
                    id = table.Column<string>(type: "character varying(21)", maxLength: 21, nullable: false, collation: "C"),
                    account_id = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: true, collation: "C"),
                    name = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    architecture = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    state = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    state_reason = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    kernel_blob = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    kernel_bytes = table.Column<long>(type: "bigint", nullable: true),
                    kernel_sha256 = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    initramfs_blob = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    initramfs_bytes = table.Column<long>(type: "bigint", nullable: true),
                    initramfs_sha256 = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    command_line = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    has_agent = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_images", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "api_tokens",
                columns: table => new
                {
                    id = table.Column<string>(type: "character varying(21)", maxLength: 21, nullable: false, collation: "C"),
                    account_id = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    name = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    role = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    expires_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    revoked_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_api_tokens", x => x.id);
                    table.ForeignKey(
                        name: "FK_api_tokens_accounts_account_id",
                        column: x => x.account_id,
                        principalTable: "accounts",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "instances",
                columns: table => new
                {
                    id = table.Column<string>(type: "character varying(19)", maxLength: 19, nullable: false, collation: "C"),
                    account_id = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    image_id = table.Column<string>(type: "character varying(21)", maxLength: 21, nullable: false, collation: "C"),
                    instance_type = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    architecture = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    vcpus = table.Column<int>(type: "integer", nullable: false),
                    memory_bytes = table.Column<long>(type: "bigint", nullable: false),
                    shutdown_behavior = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    desired = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    state = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    boot_generation = table.Column<int>(type: "integer", nullable: false),
                    observed_generation = table.Column<int>(type: "integer", nullable: false),
                    host = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    host_epoch = table.Column<long>(type: "bigint", nullable: false),
                    state_reason_code = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    state_reason_message = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    system_check = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    instance_check = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    client_token = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    launched_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    terminated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_instances", x => x.id);
                    table.ForeignKey(
                        name: "FK_instances_accounts_account_id",
                        column: x => x.account_id,
                        principalTable: "accounts",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Restrict);
                    table.ForeignKey(
                        name: "FK_instances_images_image_id",
                        column: x => x.image_id,
                        principalTable: "images",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "instance_tags",
                columns: table => new
                {
                    instance_id = table.Column<string>(type: "character varying(19)", maxLength: 19, nullable: false, collation: "C"),
                    key = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    value = table.Column<string>(type: "text", nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_instance_tags", x => new { x.instance_id, x.key });
                    table.ForeignKey(
                        name: "FK_instance_tags_instances_instance_id",
                        column: x => x.instance_id,
                        principalTable: "instances",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_accounts_name",
                table: "accounts",
                column: "name",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_api_tokens_account_id",
                table: "api_tokens",
                column: "account_id");

            migrationBuilder.CreateIndex(
                name: "IX_api_tokens_hash",
                table: "api_tokens",
                column: "hash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_client_requests_created_at",
                table: "client_requests",
                column: "created_at");

            migrationBuilder.CreateIndex(
                name: "IX_images_account_id_name",
                table: "images",
                columns: new[] { "account_id", "name" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_images_name",
                table: "images",
                column: "name",
                unique: true,
                filter: "account_id is null");

            migrationBuilder.CreateIndex(
                name: "IX_instances_account_id_client_token",
                table: "instances",
                columns: new[] { "account_id", "client_token" });

            migrationBuilder.CreateIndex(
                name: "IX_instances_account_id_created_at_id",
                table: "instances",
                columns: new[] { "account_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "IX_instances_host",
                table: "instances",
                column: "host");

            migrationBuilder.CreateIndex(
                name: "IX_instances_image_id",
                table: "instances",
                column: "image_id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "api_tokens");

            migrationBuilder.DropTable(
                name: "client_requests");

            migrationBuilder.DropTable(
                name: "hosts");

            migrationBuilder.DropTable(
                name: "instance_tags");

            migrationBuilder.DropTable(
                name: "instances");

            migrationBuilder.DropTable(
                name: "accounts");

            migrationBuilder.DropTable(
                name: "images");
        }
    }
}
