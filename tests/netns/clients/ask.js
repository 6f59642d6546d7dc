// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Asks a metadata service by a client of npm's, as a program that uses it would; says what is no
// secret of the answer.
// usage: NODE_PATH=.../node_modules node ask.js CLIENT [WORD...]
"use strict";

const clients = {
	async imds() {
		const { fromInstanceMetadata } = require("@smithy/credential-provider-imds");
		return (await fromInstanceMetadata({ timeout: 5000 })()).accessKeyId;
	},
	async container() {
		const { fromContainerMetadata } = require("@smithy/credential-provider-imds");
		return (await fromContainerMetadata({ timeout: 5000 })()).accessKeyId;
	},
	async service(path, endpoint) {
		const { MetadataService } = require("@aws-sdk/ec2-metadata-service");
		return new MetadataService(endpoint ? { endpoint } : {}).request(path, {});
	},
	async gcp(property) {
		const answer = await require("gcp-metadata").instance(property);
		return answer.token_type || answer.toString();
	},
	async gcpIsAvailable() {
		return require("gcp-metadata").isAvailable();
	},
	async azure() {
		const { ManagedIdentityCredential } = require("@azure/identity");
		const token = await new ManagedIdentityCredential().getToken("https://management.azure.com/.default");
		return token.tokenType;
	},
};

const [client, ...words] = process.argv.slice(2);
clients[client](...words).then(
	(answer) => console.log(String(answer)),
	(error) => {
		console.error(error);
		process.exitCode = 1;
	},
);
